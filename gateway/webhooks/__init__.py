"""Telling endpoints of events: signed as Standard Webhooks has it, again and again until they are heard."""
