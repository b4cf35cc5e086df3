/** Parts of Envoy's configuration that every Envoy gets alike. What each value is for stands in docs/envoy.md. */

import {
  metadataNamespaces,
  NO_CONNECTION_DATA,
  requestAttributes,
  type ConnectionData,
} from './connection-attributes.ts';

const TYPE = 'type.googleapis.com/envoy';

/** The gRPC metadata that names the policy: configuration, so out of a client's reach. */
export const POLICY_METADATA = 'x-wss-policy';

/**
 * Another replica is asked where one cannot be reached, or refuses the stream: it has seen nothing of the message then. A
 * stream that breaks later is not repeated, because its replay check may have been made.
 */
export const RETRIES = {
  // Chance may lead to the same replica again, while others are asked at the same time.
  numRetries: 5,
  retryOn: ['connect-failure', 'refused-stream'],
  baseInterval: '10ms',
  maxInterval: '100ms',
} as const;

export interface ExternalProcessorOptions {
  /** Name of the cluster of the ext_proc service. */
  readonly cluster: string;
  /** Such as `10s`. */
  readonly messageTimeout: string;
  /** `namespace/name`; absent where each route names its own. */
  readonly policy?: string;
  /** What its policies need to know of the client; absent: nothing. */
  readonly data?: ConnectionData;
}

/** The ext_proc filter. It fails closed, and waits for whole bodies: nothing goes on before the verdict. */
export function externalProcessor({
  cluster,
  messageTimeout,
  policy,
  data = NO_CONNECTION_DATA,
}: ExternalProcessorOptions) {
  const namespaces = metadataNamespaces(data);
  return {
    '@type': `${TYPE}.extensions.filters.http.ext_proc.v3.ExternalProcessor`,
    grpc_service: {
      envoy_grpc: { cluster_name: cluster },
      ...(policy !== undefined && { initial_metadata: [{ key: POLICY_METADATA, value: policy }] }),
      retry_policy: {
        num_retries: RETRIES.numRetries,
        retry_on: RETRIES.retryOn.join(','),
        retry_back_off: {
          base_interval: duration(RETRIES.baseInterval),
          max_interval: duration(RETRIES.maxInterval),
        },
      },
    },
    failure_mode_allow: false,
    processing_mode: {
      request_header_mode: 'SEND',
      request_body_mode: 'BUFFERED',
      request_trailer_mode: 'SKIP',
      response_header_mode: 'SEND',
      response_body_mode: 'BUFFERED',
      response_trailer_mode: 'SKIP',
    },
    message_timeout: messageTimeout,
    request_attributes: requestAttributes(data),
    ...(namespaces.length > 0 && { metadata_options: { forwarding_namespaces: { untyped: namespaces } } }),
    // A mutation that Envoy would drop silently is an error instead.
    mutation_rules: { allow_all_routing: false, allow_envoy: false, disallow_is_error: true },
    route_cache_action: 'RETAIN',
    allow_mode_override: false,
  };
}

/** What a route says to the filter: whose its messages are. */
export function namingPolicy(policy: string) {
  return {
    '@type': `${TYPE}.extensions.filters.http.ext_proc.v3.ExtProcPerRoute`,
    overrides: { grpc_initial_metadata: [{ key: POLICY_METADATA, value: policy }] },
  };
}

/** Of the service's cluster: HTTP/2, connections renewed before the server's reset guard can trip, room for bursts. */
export function serviceConnections() {
  return {
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
        common_http_protocol_options: { max_requests_per_connection: 900 },
        explicit_http_config: {
          http2_protocol_options: { initial_stream_window_size: 4194304, initial_connection_window_size: 16777216 },
        },
      },
    },
    circuit_breakers: { thresholds: [{ max_connections: 1024, max_pending_requests: 4096, max_requests: 4096 }] },
  };
}

/** Envoy knows durations in seconds only. */
function duration(milliseconds: `${number}ms`): string {
  return `${Number.parseInt(milliseconds) / 1000}s`;
}
