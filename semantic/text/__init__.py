"""The text codec: learned joint source-channel coding of what is said."""
