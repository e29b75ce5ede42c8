"""Record and replay of WebSocket sessions: the SDK's own `websocket_base_url` leads to this process, and we go on.

listener   one for the process: loopback, a secret path for each connect(), one thread with one event loop
wire       one client's connection, message by message
line       the decisions of one connect(): play, ask, refuse
matching   which recorded session a client is having, by what it sends
playing    a recorded session, at its pace
proxying   a session with the service, passed both ways unchanged, and kept
noting     who said it, when, and for how many tokens
misses     what to say to a reader whose session was never recorded
"""

__all__: list[str] = []
