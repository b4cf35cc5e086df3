{{/* NetworkPolicy rule: monitoring and `helm test` may call the port of metrics and health. */}}
{{- define "waxseal.metricsIngress" -}}
- ports: [{ port: 9003 }]
  from:
    {{- with .Values.networkPolicy.monitoring }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - podSelector:
        matchLabels:
          {{- include "waxseal.selector" (list . "test") | nindent 10 }}
{{- end }}
