import java.util.TreeSet;
import org.apache.wss4j.common.bsp.BSPEnforcer;
import org.apache.wss4j.common.bsp.BSPRule;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Which rules of the Basic Security Profile WSS4J says that a message breaks. */
final class Bsp {
    private final KeyRing keys;

    Bsp(KeyRing keys) {
        this.keys = keys;
    }

    TreeSet<String> rules(byte[] message) throws Exception {
        TreeSet<String> broken = new TreeSet<>();
        BSPEnforcer collector = new BSPEnforcer() {
            @Override
            public void handleBSPRule(BSPRule rule) {
                broken.add(rule.name());
            }
        };
        RequestData data = new RequestData() {
            @Override
            public BSPEnforcer getBSPEnforcer() {
                return collector;
            }
        };
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(keys.crypto());
        data.setDecCrypto(keys.crypto());
        data.setCallbackHandler(keys.passwords());
        data.setAllowUsernameTokenNoPassword(true);
        Document document = Dom.parse(message);
        Element security = WSSecurityUtil.getSecurityHeader(document, null);
        try {
            new WSSecurityEngine().processSecurityHeader(security, data);
        } catch (Exception refusal) {
            // What is wrong besides: the rules that were looked at until then count.
            broken.add("refused: " + refusal.getMessage());
        }
        return broken;
    }
}
