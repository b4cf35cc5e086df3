/**
 * The messages of `envoy.service.ext_proc.v3` as they stand on the wire (`proto/`). Bodies are slices of the received
 * bytes, and an answer is a list of buffers whose last is the body itself: no body is copied here.
 */

import { fieldLength, ProtobufError, ProtobufReader, ProtobufWriter, varintLength } from './protobuf.ts';

/** One of `ProcessingRequest`'s kinds; the answer must be of the same kind, or an ImmediateResponse. */
export type MessageKind =
  'requestHeaders' | 'responseHeaders' | 'requestBody' | 'responseBody' | 'requestTrailers' | 'responseTrailers';

/** `ProcessingMode.BodySendMode`. */
export const BODY_MODE_BUFFERED = 2;

export interface ProtocolConfig {
  readonly requestBodyMode: number;
  readonly responseBodyMode: number;
}

export interface ProcessingRequest {
  readonly kind: MessageKind;
  /** Of headers messages: lower-case names, values in the order of the message. */
  readonly headers?: ReadonlyMap<string, string[]>;
  /** Of body messages: a slice of the message's bytes. */
  readonly body?: Buffer;
  /** Headers: there is no body. Body: this is all of it. */
  readonly endOfStream: boolean;
  /** Text attributes by name (`xds.route_name`, `source.address`). */
  readonly attributes?: ReadonlyMap<string, string>;
  /** `envoy.config.core.v3.Metadata` of the request, undecoded: a slice of the message's bytes. */
  readonly metadata?: Buffer;
  /** In the first message of a stream only. */
  readonly protocolConfig?: ProtocolConfig;
  /** Envoy ignores our answers: a configuration in which nothing would be enforced. */
  readonly observabilityMode: boolean;
}

export interface HeaderChanges {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

const REQUEST_FIELDS: readonly (MessageKind | undefined)[] = [
  undefined,
  undefined,
  'requestHeaders',
  'responseHeaders',
  'requestBody',
  'responseBody',
  'requestTrailers',
  'responseTrailers',
];

/** Field numbers of ProcessingResponse. */
const RESPONSE_FIELDS: Readonly<Record<MessageKind, number>> = {
  requestHeaders: 1,
  responseHeaders: 2,
  requestBody: 3,
  responseBody: 4,
  requestTrailers: 5,
  responseTrailers: 6,
};
const IMMEDIATE_RESPONSE = 7;

/** Envoy puts the attributes that its filter was told to send under this key, whatever the filter's name. */
const ATTRIBUTES_KEY = 'envoy.filters.http.ext_proc';

/**
 * Reads one ProcessingRequest.
 * @throws ProtobufError when the bytes are none, or hold no request or two of them
 */
export function decodeProcessingRequest(bytes: Buffer): ProcessingRequest {
  const reader = new ProtobufReader(bytes);
  let kind: MessageKind | undefined;
  let content: Content = NO_CONTENT;
  let attributes: Map<string, string> | undefined;
  let metadata: Buffer | undefined;
  let protocolConfig: ProtocolConfig | undefined;
  let observabilityMode = false;
  while (reader.next()) {
    const field = reader.field;
    const requestKind = REQUEST_FIELDS[field];
    if (requestKind !== undefined) {
      if (kind !== undefined) throw new ProtobufError('two requests in one message');
      kind = requestKind;
      content = decodeContent(requestKind, reader.message());
    } else if (field === 8) {
      metadata = reader.bytes();
    } else if (field === 9) {
      attributes ??= new Map();
      decodeAttributes(reader.message(), attributes);
    } else if (field === 10) {
      observabilityMode = reader.uint() !== 0;
    } else if (field === 11) {
      protocolConfig = decodeProtocolConfig(reader.message());
    } else {
      reader.skip();
    }
  }
  if (kind === undefined) throw new ProtobufError('no request in the message');
  return { kind, ...content, attributes, metadata, protocolConfig, observabilityMode };
}

interface Content {
  readonly headers?: ReadonlyMap<string, string[]>;
  readonly body?: Buffer;
  readonly endOfStream: boolean;
}
const NO_CONTENT: Content = { endOfStream: false };
const NO_BYTES = Buffer.alloc(0);

function decodeContent(kind: MessageKind, reader: ProtobufReader): Content {
  if (kind === 'requestHeaders' || kind === 'responseHeaders') return decodeHeaders(reader);
  if (kind === 'requestBody' || kind === 'responseBody') return decodeBody(reader);
  return NO_CONTENT;
}

function decodeBody(reader: ProtobufReader): Content {
  let body: Buffer = NO_BYTES;
  let endOfStream = false;
  while (reader.next()) {
    if (reader.field === 1) body = reader.bytes();
    else if (reader.field === 2) endOfStream = reader.uint() !== 0;
    else reader.skip();
  }
  return { body, endOfStream };
}

function decodeHeaders(reader: ProtobufReader): Content {
  const headers = new Map<string, string[]>();
  let endOfStream = false;
  while (reader.next()) {
    if (reader.field === 1) decodeHeaderMap(reader.message(), headers);
    else if (reader.field === 3) endOfStream = reader.uint() !== 0;
    else reader.skip();
  }
  return { headers, endOfStream };
}

function decodeHeaderMap(reader: ProtobufReader, headers: Map<string, string[]>): void {
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const header = reader.message();
    let name = '';
    let value = '';
    while (header.next()) {
      if (header.field === 1) name = header.string();
      else if (header.field === 2 || header.field === 3) value = header.string();
      else header.skip();
    }
    name = name.toLowerCase();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
}

/** One entry of map<string, google.protobuf.Struct>; of the Struct only fields that are text. */
function decodeAttributes(entry: ProtobufReader, attributes: Map<string, string>): void {
  let key = '';
  let struct: ProtobufReader | undefined;
  while (entry.next()) {
    if (entry.field === 1) key = entry.string();
    else if (entry.field === 2) struct = entry.message();
    else entry.skip();
  }
  if (key !== ATTRIBUTES_KEY || struct === undefined) return;
  while (struct.next()) {
    if (struct.field !== 1) {
      struct.skip();
      continue;
    }
    const field = struct.message();
    let name = '';
    let text: string | undefined;
    while (field.next()) {
      if (field.field === 1) name = field.string();
      else if (field.field === 2) text = decodeTextValue(field.message());
      else field.skip();
    }
    if (text !== undefined) attributes.set(name, text);
  }
}

function decodeTextValue(value: ProtobufReader): string | undefined {
  let text: string | undefined;
  while (value.next()) {
    if (value.field === 3) text = value.string();
    else value.skip();
  }
  return text;
}

function decodeProtocolConfig(reader: ProtobufReader): ProtocolConfig {
  let requestBodyMode = 0;
  let responseBodyMode = 0;
  while (reader.next()) {
    if (reader.field === 1) requestBodyMode = reader.uint();
    else if (reader.field === 2) responseBodyMode = reader.uint();
    else reader.skip();
  }
  return { requestBodyMode, responseBodyMode };
}

/** "Go on, nothing changed", one constant message a kind. */
const unchanged = Object.fromEntries(
  Object.entries(RESPONSE_FIELDS).map(([kind, field]) => [kind, [Buffer.from([field * 8 + 2, 0])]]),
) as unknown as Readonly<Record<MessageKind, readonly Buffer[]>>;

/** The answer that lets the message go on as it is. */
export function encodeUnchanged(kind: MessageKind): readonly Buffer[] {
  return unchanged[kind];
}

/** The answer to a headers or body message that changes headers only. */
export function encodeHeaderChanges(kind: MessageKind, changes: HeaderChanges): readonly Buffer[] {
  const mutation = encodeHeaderMutation(changes);
  const common = fieldLength(mutation.length);
  const response = fieldLength(common);
  const writer = new ProtobufWriter(fieldLength(response));
  writer.open(RESPONSE_FIELDS[kind], response);
  writer.open(1, common);
  writer.bytes(2, mutation);
  return [writer.buffer];
}

/** The answer to a body message: another body (sent as it is, not copied) and changed headers. */
export function encodeBody(
  kind: 'requestBody' | 'responseBody',
  body: Buffer,
  changes: HeaderChanges,
): readonly Buffer[] {
  const mutation = encodeHeaderMutation(changes);
  const bodyMutation = fieldLength(body.length);
  const common = fieldLength(mutation.length) + fieldLength(bodyMutation);
  const response = fieldLength(common);
  const writer = new ProtobufWriter(fieldLength(response) - body.length);
  writer.open(RESPONSE_FIELDS[kind], response);
  writer.open(1, common);
  writer.bytes(2, mutation);
  writer.open(3, bodyMutation);
  writer.open(1, body.length);
  return body.length === 0 ? [writer.buffer] : [writer.buffer, body];
}

export interface Immediate {
  readonly status: number;
  readonly headers: HeaderChanges['set'];
  readonly body: Buffer;
  /** For Envoy's access log (`%RESPONSE_CODE_DETAILS%`): no white space. */
  readonly details: string;
}

/** The answer that ends the HTTP request here and now. */
export function encodeImmediate(immediate: Immediate): readonly Buffer[] {
  const mutation = encodeHeaderMutation({ set: immediate.headers, remove: [] });
  const details = Buffer.from(immediate.details);
  const status = 1 + varintLength(immediate.status);
  const length =
    fieldLength(status) +
    fieldLength(mutation.length) +
    fieldLength(immediate.body.length) +
    fieldLength(details.length);
  const writer = new ProtobufWriter(fieldLength(length));
  writer.open(IMMEDIATE_RESPONSE, length);
  writer.open(1, status);
  writer.uint(1, immediate.status);
  writer.bytes(2, mutation);
  writer.bytes(3, immediate.body);
  writer.bytes(5, details);
  return [writer.buffer];
}

/** `HeaderValueOption.HeaderAppendAction`: without it Envoy would append to a header that is already there. */
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

function encodeHeaderMutation(changes: HeaderChanges): Buffer {
  let length = 0;
  const encoded = changes.set.map(({ name, value }) => {
    const key = Buffer.from(name);
    const rawValue = Buffer.from(value);
    const header = fieldLength(key.length) + fieldLength(rawValue.length);
    const option = fieldLength(header) + 2;
    length += fieldLength(option);
    return { key, rawValue, header, option };
  });
  const removed = changes.remove.map((name) => Buffer.from(name));
  for (const name of removed) length += fieldLength(name.length);
  const writer = new ProtobufWriter(length);
  for (const { key, rawValue, header, option } of encoded) {
    writer.open(1, option);
    writer.open(1, header);
    writer.bytes(1, key);
    writer.bytes(3, rawValue);
    writer.uint(3, OVERWRITE_IF_EXISTS_OR_ADD);
  }
  for (const name of removed) writer.bytes(2, name);
  return writer.buffer;
}
