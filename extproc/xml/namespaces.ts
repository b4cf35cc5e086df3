/** Bound to the prefix `xml` and to no other (Namespaces in XML 1.0 §3). */
export const NAMESPACE_XML = 'http://www.w3.org/XML/1998/namespace';
/** Bound to the prefix `xmlns`, which is never declared (Namespaces in XML 1.0 §3). */
export const NAMESPACE_XMLNS = 'http://www.w3.org/2000/xmlns/';
