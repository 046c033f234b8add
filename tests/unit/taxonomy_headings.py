"""Labels of the real hierarchy that name no kind of thing; the hand-written kinds leave them out."""

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
