import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.wss4j.common.WSS4JConstants;
import org.apache.xml.security.c14n.Canonicalizer;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** Bytes to document, document to bytes, and the form in which two messages are compared. */
final class Dom {
    private static final DocumentBuilderFactory FACTORY = factory();
    private static final ThreadLocal<DocumentBuilder> BUILDER = ThreadLocal.withInitial(Dom::builder);
    private static final ThreadLocal<Transformer> WRITER = ThreadLocal.withInitial(Dom::transformer);

    private Dom() { }

    static Document parse(byte[] bytes) throws Exception {
        return BUILDER.get().parse(new ByteArrayInputStream(bytes));
    }

    static byte[] serialize(Document document) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
        WRITER.get().transform(new DOMSource(document), new StreamResult(out));
        return out.toByteArray();
    }

    /**
     * Exclusive C14N with comments of the whole message, without what WS-Security adds: wsse:Security headers,
     * wsu:Id attributes, and a soap:Header that holds no element.
     */
    static byte[] normalize(byte[] bytes) throws Exception {
        Document document = parse(bytes);
        for (Element security : elements(document, WSS4JConstants.WSSE_NS, "Security")) {
            security.getParentNode().removeChild(security);
        }
        for (Element element : elements(document, "*", "*")) {
            element.removeAttributeNS(WSS4JConstants.WSU_NS, "Id");
        }
        String soap = document.getDocumentElement().getNamespaceURI();
        for (Element header : elements(document, soap, "Header")) {
            if (firstElement(header) == null) {
                header.getParentNode().removeChild(header);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
        Canonicalizer.getInstance(Canonicalizer.ALGO_ID_C14N_EXCL_WITH_COMMENTS).canonicalizeSubtree(document, out);
        return out.toByteArray();
    }

    private static Element firstElement(Node parent) {
        for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element) {
                return (Element) child;
            }
        }
        return null;
    }

    private static List<Element> elements(Document document, String namespace, String name) {
        NodeList found = document.getElementsByTagNameNS(namespace, name);
        List<Element> list = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            list.add((Element) found.item(i));
        }
        return list;
    }

    private static DocumentBuilderFactory factory() {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        try {
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        } catch (Exception cause) {
            throw new IllegalStateException(cause);
        }
        return factory;
    }

    private static DocumentBuilder builder() {
        try {
            return FACTORY.newDocumentBuilder();
        } catch (Exception cause) {
            throw new IllegalStateException(cause);
        }
    }

    private static Transformer transformer() {
        try {
            Transformer transformer = TransformerFactory.newInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            return transformer;
        } catch (Exception cause) {
            throw new IllegalStateException(cause);
        }
    }
}
