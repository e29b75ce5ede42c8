"""The checks of each notebook's exercises, one module a notebook, loaded by helpers.checks when first asked for."""

__all__: list[str] = []
