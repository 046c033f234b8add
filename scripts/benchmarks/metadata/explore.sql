-- What explore_lake answers, from the tables of ingest.sql; confident is a confidence above the default bound of 0.99.

CREATE TABLE label_pairs AS
SELECT image_id, label_id, split, count(*) AS rows, coalesce(max(confidence) > 0.99, false) AS confident
FROM labels GROUP BY ALL;

CREATE TABLE box_pairs AS SELECT image_id, label_id, split, count(*) AS boxes FROM boxes GROUP BY ALL;

CREATE TABLE named_images AS
SELECT image_id, split, image_id IN (SELECT image_id FROM label_pairs) AS labelled,
    image_id IN (SELECT image_id FROM label_pairs WHERE confident) AS confident,
    image_id IN (SELECT image_id FROM box_pairs) AS boxed, has_bytes, listed
FROM images;

CREATE TABLE split_summary AS
WITH of_images AS (
    SELECT split, count(*) AS images, count_if(has_bytes) AS images_with_bytes, count_if(labelled) AS labelled_images,
        count_if(confident) AS confident_images, count_if(boxed) AS boxed_images
    FROM named_images GROUP BY split
), of_labels AS (
    SELECT split, count(*) AS label_rows, count(DISTINCT label_id) AS labels, min(confidence) AS min_confidence,
        avg(confidence) AS mean_confidence, max(confidence) AS max_confidence
    FROM labels GROUP BY split
), of_boxes AS (
    SELECT split, count(*) AS boxes, count_if(is_depiction = 1) AS depictions FROM boxes GROUP BY split
)
SELECT split, coalesce(images, 0) AS images, coalesce(images_with_bytes, 0) AS images_with_bytes,
    coalesce(labelled_images, 0) AS labelled_images, coalesce(confident_images, 0) AS confident_images,
    CASE WHEN images > 0 THEN confident_images / images END AS confident_ratio, coalesce(label_rows, 0) AS label_rows,
    coalesce(labels, 0) AS labels, min_confidence, mean_confidence, max_confidence, coalesce(boxes, 0) AS boxes,
    coalesce(boxed_images, 0) AS boxed_images, coalesce(depictions, 0) AS depictions
FROM of_images FULL JOIN of_labels USING (split) FULL JOIN of_boxes USING (split);

CREATE TABLE label_counts AS
WITH of_labels AS (
    SELECT label_id, split, sum(rows) AS rows, count(*) AS images, count_if(confident) AS confident_images
    FROM label_pairs GROUP BY ALL
), of_boxes AS (
    SELECT label_id, split, sum(boxes) AS boxes FROM box_pairs GROUP BY ALL
)
SELECT label_id, label, split, coalesce(rows, 0) AS rows, coalesce(images, 0) AS images,
    coalesce(confident_images, 0) AS confident_images, coalesce(boxes, 0) AS boxes
FROM of_labels FULL JOIN of_boxes USING (label_id, split) LEFT JOIN classes USING (label_id);

CREATE TABLE boxes_per_image AS
WITH of_image AS (
    SELECT coalesce(images.split, box_pairs.split) AS split, image_id, coalesce(sum(boxes), 0) AS boxes
    FROM images FULL JOIN box_pairs USING (image_id) GROUP BY ALL
)
SELECT split, boxes, count(*) AS images FROM of_image GROUP BY ALL;

-- The hierarchy's facets: an image counts in the node of a label and in all broader ones. A part is no narrower label.

CREATE TABLE facets AS
WITH RECURSIVE broader AS (
    SELECT DISTINCT label_id AS node, label_id AS above FROM hierarchy
    UNION
    SELECT node, parent_id FROM broader JOIN hierarchy ON above = label_id
    WHERE relation = 'subcategory' AND parent_id IS NOT NULL
), wholes AS (
    SELECT DISTINCT label_id AS node, parent_id AS above FROM hierarchy WHERE parent_id IS NOT NULL
    UNION
    SELECT node, parent_id FROM wholes JOIN hierarchy ON above = label_id WHERE parent_id IS NOT NULL
), broadest AS (
    SELECT label_id AS above, coalesce(any_value(label), label_id) AS category FROM hierarchy
    WHERE parent_id IN (SELECT label_id FROM hierarchy WHERE parent_id IS NULL) GROUP BY label_id
), categories AS (
    SELECT node, min(category) AS category FROM broader JOIN broadest USING (above) GROUP BY node
), categories_of_wholes AS (
    SELECT node, min(category) AS category FROM wholes JOIN broadest USING (above) GROUP BY node
), confident AS (
    SELECT DISTINCT image_id, label_id FROM label_pairs WHERE confident AND label_id IN (SELECT node FROM broader)
), own AS (
    SELECT label_id AS node, count(*) AS own_images FROM confident GROUP BY label_id
), all_images AS (
    SELECT above AS node, count(DISTINCT image_id) AS images FROM confident JOIN broader ON label_id = node GROUP BY above
), all_boxes AS (
    SELECT above AS node, sum(boxes) AS boxes FROM box_pairs JOIN broader ON label_id = node GROUP BY above
)
SELECT node AS label_id, any_value(hierarchy.label) AS label,
    any_value(coalesce(categories.category, categories_of_wholes.category)) AS category, any_value(depth) AS depth,
    any_value(coalesce(own_images, 0)) AS own_images, any_value(coalesce(images, 0)) AS images,
    any_value(coalesce(boxes, 0)) AS boxes
FROM (SELECT DISTINCT label_id AS node FROM hierarchy) JOIN hierarchy ON label_id = node
LEFT JOIN categories USING (node) LEFT JOIN categories_of_wholes USING (node) LEFT JOIN own USING (node)
LEFT JOIN all_images USING (node) LEFT JOIN all_boxes USING (node)
GROUP BY node;

-- Without bytes an image has no shape.

CREATE TABLE image_shapes AS
SELECT split, format, 'unknown' AS size_class, count(*) AS images, avg(width) AS mean_width, avg(height) AS mean_height,
    sum(byte_size) AS bytes
FROM images WHERE has_bytes GROUP BY ALL;

CREATE TABLE images_without_label AS SELECT image_id, split FROM named_images WHERE NOT labelled;

CREATE TABLE labels_without_image AS
SELECT image_id, split, sum(rows) AS rows FROM label_pairs
WHERE image_id NOT IN (SELECT image_id FROM images WHERE listed) GROUP BY ALL;
