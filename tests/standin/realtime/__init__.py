"""Realtime: spoken sessions over a WebSocket, in the GA form and in the form of the preview."""
