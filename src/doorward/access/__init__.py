"""The authorisation decision for one request: values in, a value out."""
