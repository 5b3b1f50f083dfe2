"""whichhalf: which half of my ad spend works?"""

__version__ = "0.1.0"
