"""The video generator: lips that follow a voice, and the expert that judges how well."""
