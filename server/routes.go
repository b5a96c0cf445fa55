package server

import (
	"net/http"
	"slices"
	"strings"
)

// route is one call of the API.
type route struct {
	method string
	path   string
	op     operation
	handle func(*Server) handler
}

// routes is the API. HEAD goes with every GET; OPTIONS with every path.
var routes = []route{
	{"GET", "/", opRead, func(s *Server) handler { return s.getRoot }},
	{"POST", "/", opRead, func(s *Server) handler { return s.postRoot }},

	{"GET", "/subjects", opRead, func(s *Server) handler { return s.listSubjects }},
	{"POST", "/subjects/:subject", opRead, func(s *Server) handler { return s.lookUpSchema }},
	{"DELETE", "/subjects/:subject", opDeleteSubject, func(s *Server) handler { return s.deleteSubject }},
	{"GET", "/subjects/:subject/metadata", opRead, func(s *Server) handler { return s.getVersionWithMetadata }},
	{"GET", "/subjects/:subject/versions", opRead, func(s *Server) handler { return s.listVersions }},
	{"POST", "/subjects/:subject/versions", opRegister, func(s *Server) handler { return s.register }},
	{"GET", "/subjects/:subject/versions/:version", opRead, func(s *Server) handler { return s.getVersion }},
	{"DELETE", "/subjects/:subject/versions/:version", opDeleteVersion, func(s *Server) handler { return s.deleteVersion }},
	{"GET", "/subjects/:subject/versions/:version/schema", opRead, func(s *Server) handler { return s.getVersionText }},
	{"GET", "/subjects/:subject/versions/:version/referencedby", opRead, func(s *Server) handler { return s.referencedBy }},
	{"POST", "/subjects/:subject/versions/:version/tags", opRegister, func(s *Server) handler { return s.editTags }},

	{"GET", "/schemas", opRead, func(s *Server) handler { return s.listSchemas }},
	{"GET", "/schemas/types", opRead, func(s *Server) handler { return s.listTypes }},
	{"GET", "/schemas/ids/:id", opRead, func(s *Server) handler { return s.getSchemaByID }},
	{"GET", "/schemas/ids/:id/schema", opRead, func(s *Server) handler { return s.getTextByID }},
	{"GET", "/schemas/ids/:id/subjects", opRead, func(s *Server) handler { return s.listSubjectsOfID }},
	{"GET", "/schemas/ids/:id/versions", opRead, func(s *Server) handler { return s.listVersionsOfID }},
	{"GET", "/schemas/guids/:guid", opRead, func(s *Server) handler { return s.getSchemaByGUID }},
	{"GET", "/schemas/guids/:guid/ids", opRead, func(s *Server) handler { return s.listIDsOfGUID }},

	{"POST", "/compatibility/subjects/:subject/versions", opRead, func(s *Server) handler { return s.checkAll }},
	{"POST", "/compatibility/subjects/:subject/versions/:version", opRead, func(s *Server) handler { return s.checkVersion }},

	{"GET", "/config", opRead, func(s *Server) handler { return s.getConfig }},
	{"PUT", "/config", opUpdateConfig, func(s *Server) handler { return s.putConfig }},
	{"DELETE", "/config", opDeleteConfig, func(s *Server) handler { return s.deleteConfig }},
	{"GET", "/config/:subject", opRead, func(s *Server) handler { return s.getConfig }},
	{"PUT", "/config/:subject", opUpdateConfig, func(s *Server) handler { return s.putConfig }},
	{"DELETE", "/config/:subject", opDeleteConfig, func(s *Server) handler { return s.deleteConfig }},

	{"GET", "/mode", opRead, func(s *Server) handler { return s.getMode }},
	{"PUT", "/mode", opUpdateMode, func(s *Server) handler { return s.putMode }},
	{"DELETE", "/mode", opDeleteMode, func(s *Server) handler { return s.deleteMode }},
	{"GET", "/mode/:subject", opRead, func(s *Server) handler { return s.getMode }},
	{"PUT", "/mode/:subject", opUpdateMode, func(s *Server) handler { return s.putMode }},
	{"DELETE", "/mode/:subject", opDeleteMode, func(s *Server) handler { return s.deleteMode }},

	{"GET", "/contexts", opRead, func(s *Server) handler { return s.listContexts }},
	{"DELETE", "/contexts/:context", opDeleteContext, func(s *Server) handler { return s.deleteContext }},

	{"POST", "/concordat/v1/rules/run", opRead, func(s *Server) handler { return s.runRules }},
	{"POST", "/concordat/v1/rules/check", opRead, func(s *Server) handler { return s.checkRules }},
	{"POST", "/concordat/v1/rules/verify", opRead, func(s *Server) handler { return s.verifyRules }},
	{"POST", "/concordat/v1/rules/sample", opRead, func(s *Server) handler { return s.sampleRules }},

	{"POST", "/concordat/v1/usage", opRead, func(s *Server) handler { return s.reportUsage }},
	{"GET", "/concordat/v1/usage", opRead, func(s *Server) handler { return s.listUsage }},

	{"GET", "/v1/metadata/id", opRead, func(s *Server) handler { return s.getClusterID }},
	{"GET", "/v1/metadata/version", opRead, func(s *Server) handler { return s.getServerVersion }},
	{"GET", "/v1/metadata/deployment", opRead, func(s *Server) handler { return s.getDeployment }},
}

// associationRoutes are served unless associations are switched off.
var associationRoutes = []route{
	{"GET", "/associations/subjects/:subject", opRead, func(s *Server) handler { return s.listAssociationsOfSubject }},
	{"GET", "/associations/resources/:resource", opRead, func(s *Server) handler { return s.listAssociationsOfResource }},
	{"PUT", "/associations/resources/:resource", opAssociate, func(s *Server) handler { return s.putAssociations }},
	{"DELETE", "/associations/resources/:resource", opAssociate, func(s *Server) handler { return s.deleteAssociations }},
	{"GET", "/associations/resources/:resource/:name", opRead, func(s *Server) handler { return s.listAssociationsByName }},
	{"POST", "/associations", opAssociate, func(s *Server) handler { return s.postAssociations }},
	{"POST", "/associations\\:batchGet", opRead, func(s *Server) handler { return s.batchGetAssociations }},
	{"POST", "/associations\\:batchMutate", opAssociate, func(s *Server) handler { return s.batchMutateAssociations }},
}

// allow lists methods in the order the reference does.
func allow(methods []string) []string {
	var list []string
	for _, m := range []string{http.MethodHead, http.MethodDelete, http.MethodPost, http.MethodGet, http.MethodOptions, http.MethodPut} {
		if m == http.MethodOptions || slices.Contains(methods, m) || m == http.MethodHead && slices.Contains(methods, http.MethodGet) {
			list = append(list, m)
		}
	}
	return list
}

// addRoutes registers the API with the router.
func (s *Server) addRoutes() {
	all := routes
	if s.registry.Settings().Associations {
		all = slices.Concat(routes, associationRoutes)
	}
	methods := map[string][]string{}
	for _, rt := range all {
		methods[rt.path] = append(methods[rt.path], rt.method)
		h := s.wrap(rt)
		s.echo.Add(rt.method, rt.path, h)
		if rt.method == http.MethodGet {
			s.echo.Add(http.MethodHead, rt.path, h)
		}
	}
	for path, list := range methods {
		allowed := allow(list)
		s.echo.Add(http.MethodOptions, path, s.options(strings.Join(allowed, ","), strings.Join(allowed, ", ")))
	}
}
