"""Mails from people: read from a mailbox, told apart, and taken into the thread of the request they belong to."""
