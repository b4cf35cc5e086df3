{{/* One Pod of a part may leave at a time: include "waxseal.podDisruptionBudget" (list . "extproc") */}}
{{- define "waxseal.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "waxseal.partName" . }}
  namespace: {{ (index . 0).Release.Namespace }}
  labels:
    {{- include "waxseal.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "waxseal.selector" . | nindent 6 }}
{{- end }}
