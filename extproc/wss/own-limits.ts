import type { XmlLimits } from '../xml/limits.ts';

/** For what we wrote ourselves out of a message that was within the policy's limits: it grows, but not at anyone's will. */
export const OWN_LIMITS: XmlLimits = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxDepth: Number.MAX_SAFE_INTEGER,
  maxElements: Number.MAX_SAFE_INTEGER,
  maxAttributes: Number.MAX_SAFE_INTEGER,
  maxNamespaces: Number.MAX_SAFE_INTEGER,
  maxTotalAttributes: Number.MAX_SAFE_INTEGER,
  maxNameLength: Number.MAX_SAFE_INTEGER,
  maxTextLength: Number.MAX_SAFE_INTEGER,
};
