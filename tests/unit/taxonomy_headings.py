"""Labels of the real hierarchy that name no sort of thing; narrower_labels.csv leaves them out."""

HEADINGS = {
    "Entity",
    "Miscellaneous object",
    "Indoor",
    "Outdoor",
    "Equipment",
    "Interior design",
    "Street items",
    "Health and beauty",
}
