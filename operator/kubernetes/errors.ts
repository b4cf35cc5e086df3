/** How requests to the API server fail, one class each. The messages never hold the content of an object. */

/** A request, in the words of Kubernetes' access rules. */
export interface Attempted {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `wssecuritypolicies/status`. */
  readonly resource: string;
  /** Empty for cluster-wide resources and for all namespaces. */
  readonly namespace: string;
  readonly name: string;
}

export type KubernetesErrorCode =
  | 'NotFound'
  | 'Conflict'
  | 'Gone'
  | 'Forbidden'
  | 'Unauthorized'
  | 'Refused'
  | 'Unavailable'
  | 'Unreachable'
  | 'Malformed';

/** Base of them all. */
export abstract class KubernetesError extends Error {
  abstract readonly code: KubernetesErrorCode;

  override get name(): string {
    return this.constructor.name;
  }
}

/** 404: the object is not there, or (to list and watch) its kind is not: a CRD is not installed. */
export class NotFoundError extends KubernetesError {
  readonly code = 'NotFound';
}
/** 409: the object exists already, or is no longer as it was when it was read. */
export class ConflictError extends KubernetesError {
  readonly code = 'Conflict';
}
/** 410: the resourceVersion or the page is older than what the API server remembers. */
export class GoneError extends KubernetesError {
  readonly code = 'Gone';
}
/** 403: mostly, a Role lacks a rule; the message says which. */
export class ForbiddenError extends KubernetesError {
  readonly code = 'Forbidden';
}
/** 401: the token or certificate is not (or no longer) good. */
export class UnauthorizedError extends KubernetesError {
  readonly code = 'Unauthorized';
}
/** Any other 4xx: what was asked for is wrong, and will be so again. */
export class RefusedError extends KubernetesError {
  readonly code = 'Refused';
}
/** 429 and 5xx: the API server answers, but not now. */
export class UnavailableError extends KubernetesError {
  readonly code = 'Unavailable';
  /** How long the API server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}
/** No connection, no answer in time, or an answer that broke off. */
export class UnreachableError extends KubernetesError {
  readonly code = 'Unreachable';
}
/** An answer that is not what the API promises. */
export class MalformedError extends KubernetesError {
  readonly code = 'Malformed';
}

export interface Answer {
  readonly status: number;
  /** Of the `Status` object, where there is one. */
  readonly message: string;
  /** Of the header Retry-After, where there is one. */
  readonly retryAfterMs?: number;
}

/** The error for an answer whose status is not 2xx. */
export function errorFor({ status, message, retryAfterMs }: Answer, attempted: Attempted): KubernetesError {
  const text = `${describe(attempted)}: ${message === '' ? `status ${status}` : message.slice(0, MAX_MESSAGE)}`;
  switch (status) {
    case 401:
      return new UnauthorizedError(`${text}; the credentials are wrong or have expired`);
    case 403:
      return new ForbiddenError(missingRule(message, attempted) ?? text);
    case 404:
      return new NotFoundError(text);
    case 409:
      return new ConflictError(text);
    case 410:
      return new GoneError(text);
    case 429:
      return new UnavailableError(text, retryAfterMs);
    default:
      return status >= 400 && status < 500 ? new RefusedError(text) : new UnavailableError(text, retryAfterMs);
  }
}

const MAX_MESSAGE = 1000;

/** `get Secret`-like words for logs: `list secrets in namespace shop`. */
export function describe({ verb, resource, namespace, name }: Attempted): string {
  const object = name === '' ? resource : `${resource} ${name}`;
  return `${verb} ${object}${namespace === '' ? '' : ` in namespace ${namespace}`}`;
}

/** Admission and quotas answer 403 as well; only the authorizer says who `cannot` do what. */
const AUTHORIZER = /User "([^"]{1,300})" cannot /;

function missingRule(message: string, { verb, group, resource, namespace }: Attempted): string | undefined {
  const user = AUTHORIZER.exec(message)?.[1];
  if (user === undefined) return undefined;
  const role =
    namespace === ''
      ? 'the ClusterRole bound to it'
      : `the Role bound to it in namespace ${namespace} (or its ClusterRole)`;
  const where = namespace === '' ? 'in the whole cluster' : `in namespace ${namespace}`;
  return `${user} may not ${verb} ${resource} ${where}: ${role} lacks verb "${verb}" on resource "${resource}" of API group "${group}"`;
}
