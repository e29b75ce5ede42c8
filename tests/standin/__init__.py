"""The stand-in: a thin front in Azure's manner on loopback, over small open models that run on this machine.

    with serve() as standin:        # nonsense: no downloads, started in well under a second
        client = openai.OpenAI(base_url=f"{standin.endpoint}/openai/v1/", api_key=standin.key)

`python -m tests.standin` serves readers; README.md says what is real here and what is not.
"""

from tests.standin.serving import Standin, serve

__all__ = ["Standin", "serve"]
