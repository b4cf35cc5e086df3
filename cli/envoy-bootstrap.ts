/**
 * Envoy's configuration for one listener in front of one backend, as plain data that is also valid YAML and JSON.
 * What each value is for stands in docs/envoy.md.
 */

import { isIP } from 'node:net';
import type { ListenAddress } from '../extproc/envoy/listen-address.ts';
import { bufferLimit } from '../policy/attach/buffer-limit.ts';
import type { ConnectionData } from '../policy/attach/connection-attributes.ts';
import { externalProcessor, namingPolicy, serviceConnections } from '../policy/attach/external-processor.ts';

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
  /** What the policy needs to know of the client; absent: nothing. */
  readonly data?: ConnectionData;
}

/** Name of the filter and of the cluster of the ext_proc service. */
export const FILTER_NAME = 'waxseal';
const BACKEND_NAME = 'backend';
const TYPE = 'type.googleapis.com/envoy';

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
                extprocFilter(options.data),
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
  return { [FILTER_NAME]: namingPolicy(policy) };
}

/** The HTTP filter. It fails closed, and waits for whole bodies: nothing goes on before the verdict. */
export function extprocFilter(data?: ConnectionData) {
  return {
    name: FILTER_NAME,
    typed_config: externalProcessor({ cluster: FILTER_NAME, messageTimeout: '10s', ...(data && { data }) }),
  };
}

/** The cluster of the ext_proc service: HTTP/2, connections renewed before the server's reset guard can trip. */
export function extprocCluster(options: Pick<BootstrapOptions, 'extproc' | 'maxBody'>) {
  return {
    ...cluster(FILTER_NAME, options.extproc, options.maxBody),
    ...serviceConnections(),
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
