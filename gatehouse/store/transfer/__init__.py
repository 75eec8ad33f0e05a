"""Everything of a gateway as one document, and back in one transaction. Which things there are, sections say."""
