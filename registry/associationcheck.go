package registry

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/seed-9f7c7091/concordat/api"
)

// checkAssociationRequest refuses requests whose form is wrong, whatever the registry holds.
func checkAssociationRequest(q *api.AssociationRequest, dryRun bool) error {
	if err := checkResource(q.ResourceName, q.ResourceNamespace, q.ResourceType); err != nil {
		return err
	}
	if q.ResourceID == "" && !dryRun {
		return api.InvalidAssociation("resourceId", "cannot be null or empty")
	}
	if len(q.Associations) == 0 {
		return api.InvalidAssociation("associations", "cannot be null or empty")
	}
	var seen []string
	for i := range q.Associations {
		spec := &q.Associations[i]
		if spec.Subject != nil {
			if err := checkAssociationSubject(*spec.Subject); err != nil {
				return err
			}
		}
		kind, err := associationType(spec.AssociationType)
		if err != nil {
			return err
		}
		if slices.Contains(seen, kind) {
			return api.InvalidAssociation("associationType", "'"+kind+"' is given more than once")
		}
		seen = append(seen, kind)
		if spec.Schema != nil && spec.Lifecycle == Weak {
			return api.InvalidAssociation("lifecycle", "cannot be WEAK when schema is provided")
		}
		if spec.Schema != nil {
			if err := checkRuleSet(spec.Schema.RuleSet); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkResource(name, namespace, resourceType string) error {
	if err := checkResourceName("resourceName", name); err != nil {
		return err
	}
	if err := checkResourceName("resourceNamespace", namespace); err != nil {
		return err
	}
	return checkResourceType(resourceType)
}

const maxResourceName = 256

func checkResourceName(property, name string) error {
	switch {
	case name == "":
		return api.InvalidAssociation(property, "cannot be null or empty")
	case utf8.RuneCountInString(name) > maxResourceName:
		return api.InvalidAssociation(property, fmt.Sprintf("exceeds max length of %d", maxResourceName))
	}
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '-' {
			return api.InvalidAssociation(property, fmt.Sprintf("illegal character '%c'", c))
		}
	}
	return nil
}

func checkResourceType(resourceType string) error {
	if resourceType != "" && resourceType != Topic {
		return api.InvalidAssociation("resourceType", "must be 'topic'")
	}
	return nil
}

func checkAssociationSubject(subject string) error {
	if subject == "" {
		return api.InvalidAssociation("subject", "must not be empty")
	}
	for _, c := range subject {
		if unicode.Is(unicode.Cc, c) {
			return api.InvalidAssociation("subject", fmt.Sprintf("must not contain the control character %U", c))
		}
	}
	return nil
}

func associationType(given string) (string, error) {
	switch given {
	case "":
		return associatesValue, nil
	case associatesKey, associatesValue:
		return given, nil
	}
	return "", api.InvalidAssociation("associationType", "must be either 'key' or 'value'")
}
