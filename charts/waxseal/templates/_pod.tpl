{{/* metadata of a part's Pods: include "waxseal.podMetadata" (list . "extproc") */}}
{{- define "waxseal.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- with $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- include "waxseal.selector" . | nindent 2 }}
{{- with $root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the Pods of both parts share: include "waxseal.podSpec" (list . "extproc") */}}
{{- define "waxseal.podSpec" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
serviceAccountName: {{ include "waxseal.partName" . }}
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- if and (eq (index . 1) "extproc") $root.Values.extproc.decisionLog.keySecret }}
  # The volume of the decision log is to be writable.
  fsGroup: 65532
  {{- end }}
  seccompProfile: { type: RuntimeDefault }
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "waxseal.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* What the containers of both parts share */}}
{{- define "waxseal.container" -}}
image: {{ include "waxseal.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "waxseal.containerSecurity" . }}
{{- end }}

{{- define "waxseal.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
  readOnlyRootFilesystem: true
{{- end }}
