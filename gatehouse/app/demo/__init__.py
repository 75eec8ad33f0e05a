"""`up --demo`: a gateway with data as a company has it, to look at and to try things on."""
