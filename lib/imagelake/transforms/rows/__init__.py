"""Operations on rows that several capabilities share: row numbers, rejection by reason, features as arrays."""
