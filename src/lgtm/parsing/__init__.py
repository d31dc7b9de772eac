"""What the three query languages share: the lexical rules they inherit from Go, a token cursor, operator precedence, and yacc's error messages."""
