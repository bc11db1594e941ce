"""Ollama's URLs: each route is a model of one large Ollama server."""
