import java.security.Key;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import org.apache.wss4j.common.WSS4JConstants;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.xml.security.keys.content.KeyName;
import org.apache.xml.security.signature.XMLSignature;
import org.apache.xml.security.transforms.Transforms;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * XML Signature without WS-Security's token references, by Apache Santuario: for keys that both sides know by name,
 * which WSS4J does not read.
 */
final class Xmldsig {
    private final Frame request;
    private final KeyRing keys;

    Xmldsig(Frame request, KeyRing keys) {
        this.request = request;
        this.keys = keys;
    }

    byte[] secure(byte[] message) throws Exception {
        Document document = Dom.parse(message);
        WSSecHeader security = new WSSecHeader(document);
        Element header = security.insertSecurityHeader();
        new WSSecTimestamp(security).build();
        XMLSignature signature = new XMLSignature(document, "", request.get("sig.algorithm"), request.get("sig.c14n"));
        header.appendChild(signature.getElement());
        int number = 0;
        for (String part : request.list("sig.parts")) {
            String[] pieces = part.split("\\|");
            Element element = (Element) document.getElementsByTagNameNS(pieces[1], pieces[2]).item(0);
            String id = "part-" + number++;
            element.setAttributeNS(WSConstants.XMLNS_NS, "xmlns:wsu", WSS4JConstants.WSU_NS);
            element.setAttributeNS(WSS4JConstants.WSU_NS, "wsu:Id", id);
            element.setIdAttributeNS(WSS4JConstants.WSU_NS, "Id", true);
            Transforms transforms = new Transforms(document);
            transforms.addTransform(request.get("sig.transform", Transforms.TRANSFORM_C14N_EXCL_OMIT_COMMENTS));
            signature.addDocument("#" + id, transforms, request.get("sig.digest"));
        }
        if (request.get("sig.keyIdentifier").equals("KeyName")) {
            signature.getKeyInfo().add(new KeyName(document, request.get("sig.keyName")));
        } else {
            signature.addKeyInfo(keys.certificate(request.get("sig.key")));
        }
        signature.sign(key(true));
        return Dom.serialize(document);
    }

    byte[] verify(byte[] message, Report report) throws Exception {
        Document document = Dom.parse(message);
        registerIds(document);
        NodeList signatures = document.getElementsByTagNameNS(WSS4JConstants.SIG_NS, "Signature");
        if (signatures.getLength() == 0) {
            throw new IllegalStateException("no signature");
        }
        for (int i = 0; i < signatures.getLength(); i++) {
            XMLSignature signature = new XMLSignature((Element) signatures.item(i), "");
            if (!signature.checkSignatureValue(key(false))) {
                throw new IllegalStateException("signature does not verify");
            }
            for (int r = 0; r < signature.getSignedInfo().getLength(); r++) {
                String id = signature.getSignedInfo().item(r).getURI().substring(1);
                Element element = document.getElementById(id);
                report.add("signed", List.of("{" + element.getNamespaceURI() + "}" + element.getLocalName()));
            }
        }
        return message;
    }

    private Key key(boolean signing) throws Exception {
        String name = request.get("sig.key");
        byte[] secret = keys.secrets().get(name);
        if (secret != null) {
            return new SecretKeySpec(secret, "HMAC");
        }
        return signing ? keys.privateKey(name) : keys.certificate(name).getPublicKey();
    }

    private static void registerIds(Document document) {
        NodeList all = document.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < all.getLength(); i++) {
            Element element = (Element) all.item(i);
            if (element.hasAttributeNS(WSS4JConstants.WSU_NS, "Id")) {
                element.setIdAttributeNS(WSS4JConstants.WSU_NS, "Id", true);
            } else if (element.hasAttributeNS(null, "Id")) {
                element.setIdAttributeNS(null, "Id", true);
            }
        }
    }
}
