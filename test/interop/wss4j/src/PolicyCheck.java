import java.io.File;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.neethi.Assertion;
import org.apache.neethi.AssertionBuilderFactory;
import org.apache.neethi.Policy;
import org.apache.neethi.PolicyBuilder;
import org.apache.neethi.builders.AssertionBuilder;
import org.apache.wss4j.policy.builders.*;
import org.apache.wss4j.policy.model.AbstractBinding;
import org.apache.wss4j.policy.model.AbstractSymmetricAsymmetricBinding;
import org.apache.wss4j.policy.model.AsymmetricBinding;
import org.apache.wss4j.policy.model.SupportingTokens;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * WSS4J's model of WS-SecurityPolicy reads the policies of files. For each policy a line: the file, the Id, and its assertions, each as the
 * class that WSS4J made of it, with what it understood.
 */
public final class PolicyCheck {
    private PolicyCheck() {
    }

    public static void main(String[] files) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        for (String file : files) {
            NodeList policies = factory.newDocumentBuilder().parse(new File(file)).getDocumentElement().getChildNodes();
            for (int i = 0; i < policies.getLength(); i++) {
                if (policies.item(i) instanceof Element policy && policy.getLocalName().equals("Policy")) {
                    System.out.println(new File(file).getName() + " " + policy.getAttribute("wsu:Id") + " " + describe(policy));
                }
            }
        }
    }

    private static String describe(Element element) {
        Policy policy = builder().getPolicy(element);
        List<String> found = new ArrayList<>();
        for (Iterator<List<Assertion>> alternatives = policy.getAlternatives(); alternatives.hasNext();) {
            for (Assertion assertion : alternatives.next()) {
                found.add(describe(assertion));
            }
        }
        return String.join(" ", found);
    }

    private static String describe(Assertion assertion) {
        String name = assertion.getClass().getSimpleName();
        if (assertion instanceof AbstractBinding binding) {
            name += "[" + (binding.getAlgorithmSuite().getAlgorithmSuiteType() == null
                ? "-" : binding.getAlgorithmSuite().getAlgorithmSuiteType().getName());
            name += "," + binding.getLayout().getLayoutType() + (binding.isIncludeTimestamp() ? ",timestamp" : "");
        }
        if (assertion instanceof AbstractSymmetricAsymmetricBinding binding) {
            name += "," + binding.getProtectionOrder() + (binding.isEncryptSignature() ? ",EncryptSignature" : "")
                + (binding.isProtectTokens() ? ",ProtectTokens" : "");
        }
        if (assertion instanceof AsymmetricBinding binding) {
            name += "," + token(binding.getInitiatorToken().getToken()) + "," + token(binding.getRecipientToken().getToken());
        }
        if (assertion instanceof SupportingTokens supporting) {
            name = supporting.getName().getLocalPart() + "[";
            for (var token : supporting.getTokens()) {
                name += token(token);
            }
        }
        return name + (name.contains("[") ? "]" : "");
    }

    private static String token(org.apache.wss4j.policy.model.AbstractToken token) {
        return token.getClass().getSimpleName() + ":" + token.getIncludeTokenType();
    }

    private static PolicyBuilder builder() {
        PolicyBuilder builder = new PolicyBuilder();
        AssertionBuilderFactory factory = builder.getAssertionBuilderFactory();
        List<AssertionBuilder<Element>> builders = List.of(
            new AlgorithmSuiteBuilder(), new AsymmetricBindingBuilder(), new ContentEncryptedElementsBuilder(),
            new EncryptedElementsBuilder(), new EncryptedPartsBuilder(), new HttpsTokenBuilder(), new InitiatorTokenBuilder(),
            new IssuedTokenBuilder(), new KeyValueTokenBuilder(), new KerberosTokenBuilder(), new LayoutBuilder(),
            new ProtectionTokenBuilder(), new RecipientTokenBuilder(), new RequiredElementsBuilder(), new RequiredPartsBuilder(),
            new SamlTokenBuilder(), new SignedElementsBuilder(), new SignedPartsBuilder(), new SupportingTokensBuilder(),
            new SymmetricBindingBuilder(), new TransportBindingBuilder(), new TransportTokenBuilder(), new Trust13Builder(),
            new UsernameTokenBuilder(), new WSS11Builder(), new X509TokenBuilder());
        builders.forEach(factory::registerBuilder);
        return builder;
    }
}
