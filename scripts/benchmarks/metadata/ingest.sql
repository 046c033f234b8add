-- What ingest_images and ingest_annotations answer, from the cells of the files (docs/images.md, docs/tables.md).
-- Before this, plain_sql.py has read the files: a table of text cells for each kind of file, empty cells null; malformed
-- has the lines with too few or too many cells; files has the name, split and origin of each file.

CREATE MACRO number(cell) AS CASE WHEN isfinite(TRY_CAST(cell AS DOUBLE)) THEN TRY_CAST(cell AS DOUBLE) END;
CREATE MACRO flag(cell) AS CASE WHEN cell IN ('0', '1') THEN cell::INT ELSE -1 END;

-- Image lists: of several lines of an image the first by file and by text is kept.

CREATE TABLE image_lines AS
SELECT *, CASE
    WHEN ImageID IS NULL THEN 'missing_image_id'
    WHEN ImageID IN (SELECT ImageID FROM image_cells GROUP BY ImageID HAVING count(*) > 1) THEN 'repeated' END AS judged
FROM image_cells;

CREATE TABLE odd_image_lines AS
SELECT *, to_json({'ImageID': ImageID, 'Subset': Subset, 'OriginalURL': OriginalURL,
    'OriginalLandingURL': OriginalLandingURL, 'License': License, 'Author': Author, 'AuthorProfileURL': AuthorProfileURL,
    'Title': Title, 'Rotation': Rotation})::VARCHAR AS row
FROM image_lines JOIN files USING (filename) WHERE judged IS NOT NULL;

CREATE TABLE ranked_image_lines AS
SELECT *, row_number() OVER (PARTITION BY judged, ImageID ORDER BY name, row) AS place FROM odd_image_lines;

CREATE TABLE images AS
SELECT
    ImageID AS image_id, coalesce(lower(Subset), 'all') AS split, NULL::VARCHAR AS source_label, NULL::VARCHAR AS keyword,
    NULL::VARCHAR AS path, NULL::INT AS width, NULL::INT AS height, NULL::VARCHAR AS format, NULL::VARCHAR AS mode,
    NULL::INT AS exif_orientation, NULL::BIGINT AS byte_size, NULL::TIMESTAMP AS modified, NULL::VARCHAR AS sha256,
    false AS has_bytes, true AS listed, NULL::VARCHAR AS error, NULL::VARCHAR AS error_detail,
    OriginalURL AS original_url, OriginalLandingURL AS landing_url, License AS license, Author AS author,
    AuthorProfileURL AS author_profile, Title AS title, number(Rotation) AS rotation
FROM (
    SELECT * EXCLUDE judged FROM image_lines WHERE judged IS NULL
    UNION ALL BY NAME
    SELECT * EXCLUDE (judged, name, split, origin, row, place) FROM ranked_image_lines
    WHERE judged = 'repeated' AND place = 1
);

CREATE TABLE images_rejected AS
SELECT name AS source_file, CASE judged WHEN 'repeated' THEN 'duplicate_image_id' ELSE judged END AS reason, row
FROM ranked_image_lines WHERE judged = 'missing_image_id' OR place > 1
UNION ALL
SELECT source_file, 'malformed_row', row FROM malformed WHERE kind = 'images';

-- Class descriptions: a class is called as the boxable file calls it, else as the first file by name does.

CREATE TABLE class_lines AS
SELECT LabelName, DisplayName, name, contains(name, 'boxable') AS in_boxable, CASE
    WHEN LabelName IS NULL THEN 'missing_label'
    WHEN DisplayName IS NULL THEN 'missing_name' END AS fault
FROM class_cells JOIN files USING (filename);

CREATE TABLE classes AS
SELECT LabelName AS label_id, first(DisplayName ORDER BY in_boxable DESC, name, DisplayName) AS label,
    bool_or(in_boxable) AS boxable
FROM class_lines WHERE fault IS NULL GROUP BY LabelName;

CREATE TABLE judged_class_lines AS
SELECT *, CASE WHEN fault IS NULL AND DisplayName != label THEN 'other_name_for_class' ELSE fault END AS reason
FROM class_lines LEFT JOIN classes ON LabelName = label_id;

-- The hierarchy: each node below each of its parents; its depth is the shortest way from the root.

CREATE TABLE hierarchy AS
WITH RECURSIVE walked AS (
    SELECT content::JSON AS node, NULL::VARCHAR AS parent_id, 'subcategory' AS relation, 0 AS depth FROM hierarchy_json
    UNION ALL
    SELECT child, parent, relation, depth + 1 FROM (
        SELECT unnest((node -> 'Subcategory')::JSON[]) AS child, node ->> 'LabelName' AS parent, 'subcategory' AS relation,
            depth FROM walked
        UNION ALL
        SELECT unnest((node -> 'Part')::JSON[]), node ->> 'LabelName', 'part', depth FROM walked
    )
), edges AS (
    SELECT DISTINCT node ->> 'LabelName' AS label_id, parent_id, relation FROM walked
), depths AS (
    SELECT node ->> 'LabelName' AS label_id, min(depth)::INT AS depth FROM walked GROUP BY ALL
)
SELECT label_id, own.label, parent_id, above.label AS parent, relation, depth
FROM edges JOIN depths USING (label_id) LEFT JOIN classes own USING (label_id)
LEFT JOIN classes above ON above.label_id = parent_id;

-- Image-level labels.

CREATE TABLE label_lines AS
SELECT *, number(Confidence) AS confidence_number, CASE
    WHEN ImageID IS NULL THEN 'missing_image_id'
    WHEN LabelName IS NULL THEN 'missing_label'
    WHEN Confidence IS NULL THEN 'missing_confidence'
    WHEN number(Confidence) IS NULL THEN 'confidence_not_a_number'
    WHEN number(Confidence) NOT BETWEEN 0 AND 1 THEN 'confidence_out_of_range' END AS reason
FROM label_cells;

CREATE VIEW labels AS
SELECT line.ImageID AS image_id, LabelName AS label_id, label, coalesce(files.split, images.split, 'all') AS split,
    coalesce(origin, CASE WHEN lower(Source) LIKE '%machine%' THEN 'machine' ELSE 'human' END) AS origin, Source AS source,
    confidence_number AS confidence
FROM label_lines line JOIN files USING (filename) LEFT JOIN classes ON LabelName = label_id
LEFT JOIN images ON files.split IS NULL AND line.ImageID = images.image_id
WHERE reason IS NULL;

-- Boxes, of 13 or 21 columns.

CREATE TABLE box_lines AS
SELECT *, CASE
    WHEN ImageID IS NULL THEN 'missing_image_id'
    WHEN LabelName IS NULL THEN 'missing_label'
    WHEN Confidence IS NULL THEN 'missing_confidence'
    WHEN number(Confidence) IS NULL THEN 'confidence_not_a_number'
    WHEN number(Confidence) NOT BETWEEN 0 AND 1 THEN 'confidence_out_of_range'
    WHEN XMin IS NULL OR XMax IS NULL OR YMin IS NULL OR YMax IS NULL THEN 'missing_coordinate'
    WHEN number(XMin) + number(XMax) + number(YMin) + number(YMax) IS NULL THEN 'coordinate_not_a_number'
    WHEN least(number(XMin), number(XMax), number(YMin), number(YMax)) < 0
        OR greatest(number(XMin), number(XMax), number(YMin), number(YMax)) > 1 THEN 'coordinate_out_of_range'
    WHEN number(XMin) >= number(XMax) OR number(YMin) >= number(YMax) THEN 'empty_box' END AS reason
FROM box_cells;

CREATE VIEW boxes AS
SELECT line.ImageID AS image_id, LabelName AS label_id, label, coalesce(files.split, images.split, 'all') AS split,
    Source AS source, number(Confidence) AS confidence, number(XMin) AS x_min, number(XMax) AS x_max,
    number(YMin) AS y_min, number(YMax) AS y_max, flag(IsOccluded) AS is_occluded, flag(IsTruncated) AS is_truncated,
    flag(IsGroupOf) AS is_group_of, flag(IsDepiction) AS is_depiction, flag(IsInside) AS is_inside
FROM box_lines line JOIN files USING (filename) LEFT JOIN classes ON LabelName = label_id
LEFT JOIN images ON files.split IS NULL AND line.ImageID = images.image_id
WHERE reason IS NULL;

CREATE TABLE annotations_rejected AS
SELECT kind AS table_name, source_file, 'malformed_row' AS reason, row FROM malformed WHERE kind != 'images'
UNION ALL
SELECT 'classes', name, reason, to_json({'LabelName': LabelName, 'DisplayName': DisplayName})::VARCHAR
FROM judged_class_lines WHERE reason IS NOT NULL
UNION ALL
SELECT 'labels', name, reason,
    to_json({'ImageID': ImageID, 'Source': Source, 'LabelName': LabelName, 'Confidence': Confidence})::VARCHAR
FROM label_lines JOIN files USING (filename) WHERE reason IS NOT NULL
UNION ALL
SELECT 'boxes', name, reason, to_json({'ImageID': ImageID, 'Source': Source, 'LabelName': LabelName,
    'Confidence': Confidence, 'XMin': XMin, 'XMax': XMax, 'YMin': YMin, 'YMax': YMax, 'IsOccluded': IsOccluded,
    'IsTruncated': IsTruncated, 'IsGroupOf': IsGroupOf, 'IsDepiction': IsDepiction, 'IsInside': IsInside})::VARCHAR
FROM box_lines JOIN files USING (filename) WHERE reason IS NOT NULL;
