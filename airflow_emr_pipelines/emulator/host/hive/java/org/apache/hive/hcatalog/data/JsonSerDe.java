package org.apache.hive.hcatalog.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.common.type.HiveChar;
import org.apache.hadoop.hive.common.type.HiveDecimal;
import org.apache.hadoop.hive.common.type.HiveVarchar;
import org.apache.hadoop.hive.serde2.AbstractSerDe;
import org.apache.hadoop.hive.serde2.SerDeException;
import org.apache.hadoop.hive.serde2.SerDeStats;
import org.apache.hadoop.hive.serde2.objectinspector.ListObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.MapObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.PrimitiveObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.StructField;
import org.apache.hadoop.hive.serde2.objectinspector.StructObjectInspector;
import org.apache.hadoop.hive.serde2.typeinfo.CharTypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.ListTypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.MapTypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.PrimitiveTypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.StructTypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.TypeInfo;
import org.apache.hadoop.hive.serde2.typeinfo.TypeInfoFactory;
import org.apache.hadoop.hive.serde2.typeinfo.TypeInfoUtils;
import org.apache.hadoop.hive.serde2.typeinfo.VarcharTypeInfo;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.Writable;

/**
 * Tables of JSON, an object a line, as HCatalog's class of this name reads and writes them: names regardless of case,
 * what is missing is NULL, what is not a column is left out, and a line that is no JSON, or a value of another type,
 * fails the query.
 */
public class JsonSerDe extends AbstractSerDe {
    private final ObjectMapper mapper = new ObjectMapper();
    private StructTypeInfo row;
    private StructObjectInspector inspector;

    @Override
    public void initialize(Configuration conf, Properties table) throws SerDeException {
        String names = table.getProperty("columns", "");
        String types = table.getProperty("columns.types", "");
        List<String> columns = names.isEmpty()
            ? Collections.<String>emptyList()
            : Arrays.asList(names.split(table.getProperty("column.name.delimiter", ",")));
        List<TypeInfo> infos = types.isEmpty()
            ? Collections.<TypeInfo>emptyList()
            : TypeInfoUtils.getTypeInfosFromTypeString(types);
        row = (StructTypeInfo) TypeInfoFactory.getStructTypeInfo(columns, infos);
        inspector = (StructObjectInspector) TypeInfoUtils.getStandardJavaObjectInspectorFromTypeInfo(row);
    }

    @Override
    public ObjectInspector getObjectInspector() {
        return inspector;
    }

    @Override
    public Class<? extends Writable> getSerializedClass() {
        return Text.class;
    }

    @Override
    public SerDeStats getSerDeStats() {
        return null;
    }

    @Override
    public Object deserialize(Writable line) throws SerDeException {
        String text = line.toString();
        try {
            JsonNode node = mapper.readTree(text);
            if (node == null || !node.isObject()) {
                throw new SerDeException("a line of a JSON table is no object: " + text);
            }
            return struct(node, row);
        } catch (IOException | IllegalArgumentException error) {
            throw new SerDeException("a line of a JSON table cannot be read: " + error.getMessage(), error);
        }
    }

    private List<Object> struct(JsonNode node, StructTypeInfo type) throws SerDeException {
        Map<String, JsonNode> byName = new HashMap<String, JsonNode>();
        for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext();) {
            Map.Entry<String, JsonNode> field = fields.next();
            byName.put(field.getKey().toLowerCase(), field.getValue());
        }
        List<Object> values = new ArrayList<Object>();
        for (String name : type.getAllStructFieldNames()) {
            values.add(value(byName.get(name.toLowerCase()), type.getStructFieldTypeInfo(name)));
        }
        return values;
    }

    private Object value(JsonNode node, TypeInfo type) throws SerDeException {
        if (node == null || node.isNull()) {
            return null;
        }
        switch (type.getCategory()) {
            case STRUCT:
                return struct(expect(node, node.isObject(), type), (StructTypeInfo) type);
            case LIST:
                List<Object> items = new ArrayList<Object>();
                for (JsonNode item : expect(node, node.isArray(), type)) {
                    items.add(value(item, ((ListTypeInfo) type).getListElementTypeInfo()));
                }
                return items;
            case MAP:
                Map<Object, Object> entries = new LinkedHashMap<Object, Object>();
                MapTypeInfo map = (MapTypeInfo) type;
                for (Iterator<Map.Entry<String, JsonNode>> fields = expect(node, node.isObject(), type).fields();
                        fields.hasNext();) {
                    Map.Entry<String, JsonNode> field = fields.next();
                    Object key = ofText(field.getKey(), (PrimitiveTypeInfo) map.getMapKeyTypeInfo());
                    entries.put(key, value(field.getValue(), map.getMapValueTypeInfo()));
                }
                return entries;
            case PRIMITIVE:
                return primitive(node, (PrimitiveTypeInfo) type);
            default:
                throw new SerDeException("a JSON table has no column of type " + type.getTypeName());
        }
    }

    private Object primitive(JsonNode node, PrimitiveTypeInfo type) throws SerDeException {
        switch (type.getPrimitiveCategory()) {
            case BYTE:
                return (byte) whole(node, type, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case SHORT:
                return (short) whole(node, type, Short.MIN_VALUE, Short.MAX_VALUE);
            case INT:
                return (int) whole(node, type, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case LONG:
                return whole(node, type, Long.MIN_VALUE, Long.MAX_VALUE);
            case FLOAT:
                return (float) expect(node, node.isNumber(), type).doubleValue();
            case DOUBLE:
                return expect(node, node.isNumber(), type).doubleValue();
            case BOOLEAN:
                return node.isBoolean() ? node.booleanValue()
                    : Boolean.valueOf(expect(node, node.isTextual(), type).textValue());
            default:
                return ofText(node.isValueNode() ? node.asText() : node.toString(), type);
        }
    }

    private long whole(JsonNode node, TypeInfo type, long least, long most) throws SerDeException {
        expect(node, node.isNumber() && node.canConvertToLong(), type);
        long found = node.longValue();
        expect(node, found >= least && found <= most, type);
        return found;
    }

    private JsonNode expect(JsonNode node, boolean fits, TypeInfo type) throws SerDeException {
        if (!fits) {
            throw new SerDeException("a JSON table has " + node + " where a " + type.getTypeName() + " is declared");
        }
        return node;
    }

    private Object ofText(String text, PrimitiveTypeInfo type) throws SerDeException {
        switch (type.getPrimitiveCategory()) {
            case STRING:
                return text;
            case VARCHAR:
                return new HiveVarchar(text, ((VarcharTypeInfo) type).getLength());
            case CHAR:
                return new HiveChar(text, ((CharTypeInfo) type).getLength());
            case DECIMAL:
                return HiveDecimal.create(text);
            case DATE:
                return java.sql.Date.valueOf(text);
            case TIMESTAMP:
                return java.sql.Timestamp.valueOf(text.replace('T', ' '));
            case BINARY:
                return text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            case BYTE:
                return Byte.valueOf(text);
            case SHORT:
                return Short.valueOf(text);
            case INT:
                return Integer.valueOf(text);
            case LONG:
                return Long.valueOf(text);
            case FLOAT:
                return Float.valueOf(text);
            case DOUBLE:
                return Double.valueOf(text);
            case BOOLEAN:
                return Boolean.valueOf(text);
            default:
                throw new SerDeException("a JSON table has no value of type " + type.getTypeName());
        }
    }

    @Override
    public Writable serialize(Object written, ObjectInspector of) throws SerDeException {
        StructObjectInspector from = (StructObjectInspector) of;
        List<? extends StructField> fields = from.getAllStructFieldRefs();
        ObjectNode line = JsonNodeFactory.instance.objectNode();
        List<String> names = row.getAllStructFieldNames();
        for (int index = 0; index < names.size(); index++) {
            StructField field = fields.get(index);
            line.set(names.get(index), node(from.getStructFieldData(written, field), field.getFieldObjectInspector()));
        }
        return new Text(line.toString());
    }

    private JsonNode node(Object value, ObjectInspector of) throws SerDeException {
        if (value == null) {
            return JsonNodeFactory.instance.nullNode();
        }
        switch (of.getCategory()) {
            case STRUCT:
                StructObjectInspector struct = (StructObjectInspector) of;
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                for (StructField field : struct.getAllStructFieldRefs()) {
                    object.set(field.getFieldName(),
                        node(struct.getStructFieldData(value, field), field.getFieldObjectInspector()));
                }
                return object;
            case LIST:
                ListObjectInspector list = (ListObjectInspector) of;
                ArrayNode array = JsonNodeFactory.instance.arrayNode();
                for (Object item : list.getList(value)) {
                    array.add(node(item, list.getListElementObjectInspector()));
                }
                return array;
            case MAP:
                MapObjectInspector map = (MapObjectInspector) of;
                PrimitiveObjectInspector keys = (PrimitiveObjectInspector) map.getMapKeyObjectInspector();
                ObjectNode entries = JsonNodeFactory.instance.objectNode();
                for (Map.Entry<?, ?> entry : map.getMap(value).entrySet()) {
                    entries.set(String.valueOf(keys.getPrimitiveJavaObject(entry.getKey())),
                        node(entry.getValue(), map.getMapValueObjectInspector()));
                }
                return entries;
            case PRIMITIVE:
                return scalar(((PrimitiveObjectInspector) of).getPrimitiveJavaObject(value));
            default:
                throw new SerDeException("a JSON table has no column of type " + of.getTypeName());
        }
    }

    private JsonNode scalar(Object value) {
        if (value instanceof Boolean) {
            return JsonNodeFactory.instance.booleanNode((Boolean) value);
        }
        if (value instanceof Float || value instanceof Double) {
            return JsonNodeFactory.instance.numberNode(((Number) value).doubleValue());
        }
        if (value instanceof Number) {
            return JsonNodeFactory.instance.numberNode(((Number) value).longValue());
        }
        if (value instanceof HiveDecimal) {
            return JsonNodeFactory.instance.numberNode(((HiveDecimal) value).bigDecimalValue());
        }
        if (value instanceof byte[]) {
            return JsonNodeFactory.instance.textNode(
                new String((byte[]) value, java.nio.charset.StandardCharsets.UTF_8));
        }
        return JsonNodeFactory.instance.textNode(value.toString());
    }
}
