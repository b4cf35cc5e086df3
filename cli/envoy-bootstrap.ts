/**
 * Envoy's configuration for one listener in front of one backend, as plain data that is also valid YAML and JSON.
 * What each value is for stands in docs/envoy.md.
 */

import { isIP } from 'node:net';
import type { ListenAddress } from '../extproc/envoy/listen-address.ts';

/** An address that Envoy connects or binds to. */
export type Address = ListenAddress;
export type SocketAddress = Extract<Address, { host: string }>;

export interface BootstrapOptions {
  readonly listen: SocketAddress;
  readonly backend: SocketAddress;
  /** CA bundle that the backend's TLS certificate must chain to; absent: the backend is called without TLS. */
  readonly backendCa?: string;
  /** `namespace/name` of the WSSecurityPolicy: travels as gRPC metadata, out of a client's reach. */
  readonly policy: string;
  readonly extproc: Address;
  /** Bytes: the largest body that passes; keep it at the policy's `limits.maxBodyBytes`. */
  readonly maxBody: number;
  readonly admin?: SocketAddress;
}

/** Name of the filter and of the cluster of the ext_proc service. */
export const FILTER_NAME = 'waxseal';
const BACKEND_NAME = 'backend';
const TYPE = 'type.googleapis.com/envoy';

/** Encryption and base64 make a body larger, and Envoy's limit counts the new body too. */
export function bufferLimit(maxBody: number): number {
  return Math.ceil(maxBody * 1.4) + 8192;
}

/** A complete bootstrap: listener, route, filter chain and both clusters. */
export function bootstrap(options: BootstrapOptions) {
  return {
    ...(options.admin && { admin: { address: address(options.admin) } }),
    static_resources: {
      listeners: [listener(options)],
      clusters: [extprocCluster(options), backendCluster(options)],
    },
  };
}

function listener(options: BootstrapOptions) {
  return {
    name: 'soap',
    address: address(options.listen),
    per_connection_buffer_limit_bytes: bufferLimit(options.maxBody),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: 'soap',
              use_remote_address: true,
              route_config: {
                name: 'soap',
                virtual_hosts: [{ name: 'soap', domains: ['*'], routes: [route(options)] }],
              },
              http_filters: [
                extprocFilter(),
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function route(options: BootstrapOptions) {
  return {
    match: { prefix: '/' },
    route: {
      cluster: BACKEND_NAME,
      timeout: '60s',
      // A backend known by name is often one of several behind the same address.
      ...(isIP(options.backend.host) === 0 && { auto_host_rewrite: true }),
    },
    typed_per_filter_config: routePolicy(options.policy),
  };
}

/** `typed_per_filter_config` of a route: names the policy of its messages. */
export function routePolicy(policy: string) {
  return {
    [FILTER_NAME]: {
      '@type': `${TYPE}.extensions.filters.http.ext_proc.v3.ExtProcPerRoute`,
      overrides: { grpc_initial_metadata: [{ key: 'x-wss-policy', value: policy }] },
    },
  };
}

/** The HTTP filter. It fails closed, and waits for whole bodies: nothing goes on before the verdict. */
export function extprocFilter() {
  return {
    name: FILTER_NAME,
    typed_config: {
      '@type': `${TYPE}.extensions.filters.http.ext_proc.v3.ExternalProcessor`,
      grpc_service: { envoy_grpc: { cluster_name: FILTER_NAME } },
      failure_mode_allow: false,
      processing_mode: {
        request_header_mode: 'SEND',
        request_body_mode: 'BUFFERED',
        request_trailer_mode: 'SKIP',
        response_header_mode: 'SEND',
        response_body_mode: 'BUFFERED',
        response_trailer_mode: 'SKIP',
      },
      message_timeout: '10s',
      request_attributes: ['source.address'],
      // A mutation that Envoy would drop silently is an error instead.
      mutation_rules: { allow_all_routing: false, allow_envoy: false, disallow_is_error: true },
      route_cache_action: 'RETAIN',
      allow_mode_override: false,
    },
  };
}

/** The cluster of the ext_proc service: HTTP/2, connections renewed before the server's reset guard can trip. */
export function extprocCluster(options: Pick<BootstrapOptions, 'extproc' | 'maxBody'>) {
  return {
    ...cluster(FILTER_NAME, options.extproc, options.maxBody),
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
    health_checks: [
      {
        timeout: '1s',
        interval: '5s',
        no_traffic_interval: '5s',
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        grpc_health_check: {},
      },
    ],
  };
}

function backendCluster(options: BootstrapOptions) {
  const { host } = options.backend;
  return {
    ...cluster(BACKEND_NAME, options.backend, options.maxBody),
    connect_timeout: '5s',
    ...(options.backendCa !== undefined && {
      transport_socket: {
        name: 'envoy.transport_sockets.tls',
        typed_config: {
          '@type': `${TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
          ...(isIP(host) === 0 && { sni: host }),
          common_tls_context: {
            validation_context: {
              trusted_ca: { filename: options.backendCa },
              match_typed_subject_alt_names: [
                { san_type: isIP(host) === 0 ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } },
              ],
            },
          },
        },
      },
    }),
  };
}

function cluster(name: string, at: Address, maxBody: number) {
  return {
    name,
    type: 'path' in at || isIP(at.host) !== 0 ? 'STATIC' : 'STRICT_DNS',
    per_connection_buffer_limit_bytes: bufferLimit(maxBody),
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(at) } }] }],
    },
  };
}

function address(at: Address) {
  return 'path' in at ? { pipe: { path: at.path } } : { socket_address: { address: at.host, port_value: at.port } };
}
