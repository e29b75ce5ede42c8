"""The illustrator: an engine composes a scene through a schema, and code draws it. It is no picture model."""

__all__: list[str] = []
