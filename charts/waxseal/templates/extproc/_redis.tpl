{{/* Not empty where replicas share a Redis. Values that contradict one another end the rendering with a sentence. */}}
{{- define "waxseal.redis" -}}
{{- with .Values.redis -}}
{{- if and .url .urlSecretRef.name -}}
{{- fail "redis.url and redis.urlSecretRef.name both say where Redis is; remove one." -}}
{{- end -}}
{{- if regexMatch "://[^/]*@" .url -}}
{{- fail "redis.url holds a user or password, which anyone may read who may read Deployments; put the URL into a Secret and name that in redis.urlSecretRef.name." -}}
{{- end -}}
{{- if or .url .urlSecretRef.name -}}
{{- if not .cacheKeys.existingSecret -}}
{{- fail "redis.cacheKeys.existingSecret is empty: tokens are encrypted before they leave a Pod. Make a key, and name the Secret: kubectl create secret generic waxseal-cache-keys --from-literal=1=\"$(openssl rand -base64 32)\"" -}}
{{- end -}}
{{- if and .url (or .tls.caSecret .tls.clientSecret) (not (hasPrefix "rediss" .url)) -}}
{{- fail "redis.tls is for a Redis with TLS; write rediss in redis.url, or remove redis.tls." -}}
{{- end -}}
{{- if and $.Values.networkPolicy.enabled (not $.Values.networkPolicy.redis) -}}
{{- fail "networkPolicy.redis is empty, so no Pod of the data plane could reach Redis; say where it is, such as [{to: [{podSelector: {matchLabels: {app: redis}}}], ports: [{port: 6379}]}]." -}}
{{- end -}}
true
{{- else if or .cacheKeys.existingSecret .tls.caSecret .tls.clientSecret -}}
{{- fail "redis.cacheKeys and redis.tls are for a Redis, and neither redis.url nor redis.urlSecretRef.name says where it is." -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The Secrets for Redis that the data plane mounts, by the name of the volume, as YAML */}}
{{- define "waxseal.redisSecrets" -}}
{{- with .Values.redis -}}
{{- with .cacheKeys.existingSecret }}
cache-keys: {{ . }}
{{- end }}
{{- with .tls.caSecret }}
redis-ca: {{ . }}
{{- end }}
{{- with .tls.clientSecret }}
redis-client: {{ . }}
{{- end }}
{{- end -}}
{{- end }}
