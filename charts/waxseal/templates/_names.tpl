{{- define "waxseal.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Prefix of all names. 40 characters leave room for suffixes in names that end as DNS labels. */}}
{{- define "waxseal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride }}
{{- else if contains (include "waxseal.name" .) .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "waxseal.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Name of a part: include "waxseal.partName" (list . "extproc") */}}
{{- define "waxseal.partName" -}}
{{ include "waxseal.fullname" (index . 0) }}-{{ index . 1 }}
{{- end }}

{{/* What selects a part's Pods: include "waxseal.selector" (list . "extproc") */}}
{{- define "waxseal.selector" -}}
app.kubernetes.io/name: {{ include "waxseal.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of every object: include "waxseal.labels" (list . "extproc") */}}
{{- define "waxseal.labels" -}}
{{ include "waxseal.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "waxseal.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
