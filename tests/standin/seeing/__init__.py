"""Pictures in a chat. No engine here sees: their text is read by OCR, their main colours are measured, and the chat
engine is told both in place of the picture (looking.py; README.md says what that can and cannot do).
"""
