"""Clients and analysis helpers for the Azure OpenAI course."""
