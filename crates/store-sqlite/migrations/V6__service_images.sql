-- What the images of an attempt's services were: a JSON object from the file's names to digests.
ALTER TABLE attempts ADD COLUMN service_images TEXT;
