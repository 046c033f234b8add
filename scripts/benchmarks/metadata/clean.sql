-- What clean_labels answers (docs/labels-and-accuracy.md): each label is kept, or dropped for the first reason that applies.

CREATE TABLE contradictory AS
SELECT image_id, label_id, true AS contradicted FROM labels GROUP BY ALL
HAVING bool_or(confidence = 0) AND bool_or(confidence > 0.99);

CREATE TABLE judged_labels AS
SELECT labels.*, CASE
    WHEN label IS NULL THEN 'unknown_class'
    WHEN image_id NOT IN (SELECT image_id FROM images WHERE listed) THEN 'unknown_image'
    WHEN contradicted THEN 'contradictory'
    WHEN confidence <= 0.99 THEN 'low_confidence' END AS reason
FROM labels LEFT JOIN contradictory USING (image_id, label_id);

CREATE TABLE trusted_labels AS
SELECT * EXCLUDE reason, row_number() OVER (
    PARTITION BY image_id, label_id ORDER BY confidence DESC, origin, source NULLS LAST, split) AS place
FROM judged_labels WHERE reason IS NULL;

CREATE VIEW labels_clean AS SELECT * EXCLUDE place FROM trusted_labels WHERE place = 1;

CREATE VIEW labels_rejected AS
SELECT * FROM judged_labels WHERE reason IS NOT NULL
UNION ALL
SELECT * EXCLUDE place, 'duplicate' FROM trusted_labels WHERE place > 1;
