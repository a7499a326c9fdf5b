"""Everything that knows HTTP as a server: routes, schemas, problems, authentication."""
