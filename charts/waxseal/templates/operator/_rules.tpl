{{/* What the operator may do in the namespaces that it works in. */}}
{{- define "waxseal.operator.rules" -}}
- apiGroups: [waxseal.dev]
  resources: [wssecuritypolicies, securitytokenservices]
  verbs: [get, list, watch]
- apiGroups: [waxseal.dev]
  resources: [wssecuritypolicies/status, securitytokenservices/status]
  verbs: [update]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, referencegrants]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
# Lists and watches metadata only, and gets those that policies and token services name. RBAC cannot tell the two apart.
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get, list, watch]
# What attaches a policy to a gateway.
- apiGroups: [gateway.envoyproxy.io]
  resources: [envoyextensionpolicies, clienttrafficpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.istio.io]
  resources: [envoyfilters]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* What it may do in the whole cluster, whatever namespaces it works in. */}}
{{- define "waxseal.operator.clusterRules" -}}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list, watch]
{{- end }}

{{/* What it may do in its own namespace beside that. */}}
{{- define "waxseal.operator.systemRules" -}}
# Which replica leads. `create` cannot be limited to a name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "waxseal.partName" (list . "operator") }}]
  verbs: [get, update]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
# A Service per policy, by whose name Envoy Gateway's calls are told apart, and leave for policies to name it.
- apiGroups: [""]
  resources: [services]
  verbs: [create, patch, delete]
- apiGroups: [gateway.networking.k8s.io]
  resources: [referencegrants]
  verbs: [create, patch, delete]
# Certificates between operator and data plane.
- apiGroups: [""]
  resources: [secrets]
  resourceNames:
    {{- range list "ca" "operator-tls" "extproc-tls" }}
    - {{ include "waxseal.partName" (list $ .) }}
    {{- end }}
  verbs: [get{{ if eq .Values.certificates.mode "operator" }}, update{{ end }}]
{{- if eq .Values.certificates.mode "operator" }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [create]
{{- end }}
{{- end }}

{{/* The operator's ServiceAccount, to be bound */}}
{{- define "waxseal.operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "waxseal.partName" (list . "operator") }}
  namespace: {{ .Release.Namespace }}
{{- end }}
