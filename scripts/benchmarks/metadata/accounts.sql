-- How many lines and rows went in, stayed, and were dropped for which reason: what the summaries of the jobs say.

CREATE TABLE accounts AS
WITH lines AS (
    SELECT 'images' AS kind, count(*) AS number FROM image_cells
    UNION ALL SELECT 'classes', count(*) FROM class_cells
    UNION ALL SELECT 'labels', count(*) FROM label_cells
    UNION ALL SELECT 'boxes', count(*) FROM box_cells
    UNION ALL SELECT kind, count(*) FROM malformed GROUP BY kind
), kept AS (
    SELECT 'images' AS kind, count(*) AS number FROM images
    UNION ALL SELECT 'classes', count(*) FROM classes
    UNION ALL SELECT 'labels', count(*) FROM labels
    UNION ALL SELECT 'boxes', count(*) FROM boxes
), dropped AS (
    SELECT 'images' AS kind, reason, count(*) AS number FROM images_rejected GROUP BY reason
    UNION ALL SELECT table_name, reason, count(*) FROM annotations_rejected GROUP BY ALL
    UNION ALL
    SELECT 'classes', 'repeated', count(*) - (SELECT count(*) FROM classes) FROM judged_class_lines WHERE reason IS NULL
), counted AS (
    SELECT kind, 'in' AS outcome, sum(number) AS number FROM lines GROUP BY kind
    UNION ALL SELECT kind, 'kept', number FROM kept
    UNION ALL SELECT kind, reason, number FROM dropped
)
SELECT CASE kind WHEN 'images' THEN 'image list lines' ELSE kind || ' lines' END AS account, outcome,
    number::BIGINT AS number
FROM counted
UNION ALL SELECT 'label rows', 'in', count(*) FROM judged_labels
UNION ALL SELECT 'label rows', 'kept', count(*) FROM labels_clean
UNION ALL SELECT 'label rows', reason, count(*) FROM labels_rejected GROUP BY reason;
