{{/* Not empty where decisions are kept. Values that contradict one another end the rendering with a sentence. */}}
{{- define "waxseal.decisionLog" -}}
{{- with .Values.extproc.decisionLog -}}
{{- if and .keySecret (not .volume) -}}
{{- fail "extproc.decisionLog.volume is empty: say where the files go, such as {persistentVolumeClaim: {claimName: waxseal-decisions}}; what is in a Pod is gone with it." -}}
{{- else if and .volume (not .keySecret) -}}
{{- fail "extproc.decisionLog.keySecret is empty: without a key the files are not tamper-evident. Name a Secret of type kubernetes.io/tls." -}}
{{- else if .keySecret -}}
true
{{- end -}}
{{- end -}}
{{- end }}
