"""Sound in a chat. The chat engine neither hears nor speaks: one engine hears what is said to it, whose words it gets
in place of the sound, and another one speaks what it answers (README.md says what that can and cannot do).
"""
