-- Figures of this machine; DATASOURCE is a folder on the disk to look at.
CREATE STREAM machine () WITH (TYPE="machine", DATASOURCE="/", FORMAT="json");
