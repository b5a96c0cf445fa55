package api

// ClusterID says which registry answers.
type ClusterID struct {
	Scope ClusterScope `json:"scope"`
}

// ClusterScope is the registry's place: always at the root, so that Path is empty.
type ClusterScope struct {
	Path     []string `json:"path"`
	Clusters Clusters `json:"clusters"`
}

// Clusters are the names of the registry's group and of the Kafka cluster it stands on.
type Clusters struct {
	Kafka    string `json:"kafka-cluster"`
	Registry string `json:"schema-registry-cluster"`
}

// ServerVersion is the version of the registry's program.
type ServerVersion struct {
	Version  string `json:"version"`
	CommitID string `json:"commitId"`
}

// Deployment tells how a registry is deployed.
type Deployment struct {
	Attributes []string `json:"attributes"`
}
