"""Sound: files decoded and encoded, and engines that hear and speak. Routes: transcriptions.py, speech.py."""
