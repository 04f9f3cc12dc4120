"""The audio codec: learned joint source-channel coding of sound."""
