"""Every sentence a user reads, in English and in simplified Chinese."""

from whatsit.i18n.language import chosen, language, speak, speaking
from whatsit.i18n.message import Advising, Message, codes, say

__all__ = ["Advising", "Message", "chosen", "codes", "language", "say", "speak", "speaking"]
