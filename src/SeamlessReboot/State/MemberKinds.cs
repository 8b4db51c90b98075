using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SeamlessReboot;

/// <summary>How <see cref="ObjectComparison"/> looks at an object or a field.</summary>
[RequiresUnreferencedCode("Reflects over the objects' types.")]
internal static class MemberKinds
{
    private static readonly Assembly _library = typeof(MemberKinds).Assembly;

    internal static bool IsApplications(Type type) => type.Assembly != _library && !IsFrameworks(type);

    /// <summary>Fields of the framework's types are its own affair, but for those that only hold values of others.</summary>
    internal static bool HasFieldsToCompare(Type type) =>
        IsApplications(type) || (type.IsGenericType && (type.Name.StartsWith("ValueTuple`", StringComparison.Ordinal)
            || type.Name.StartsWith("Tuple`", StringComparison.Ordinal) || type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)))
        || type == typeof(DictionaryEntry);

    internal static bool IsPassedOver(object value)
    {
        Type type = value.GetType();
        return value is Delegate or CancellationToken or CancellationTokenRegistration || type.Assembly == _library
            || (IsFrameworks(type) && AsText(value) is null && !IsCollection(value) && !HasFieldsToCompare(type));
    }

    /// <summary>The value as a text that is the same if and only if the value is; null for what has members instead.</summary>
    internal static string? AsText(object value) => value switch
    {
        string text => text,
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture), // Equals forgets the kind
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture), // and the offset
        double or float => ((IFormattable)value).ToString("R", CultureInfo.InvariantCulture),
        Enum => $"{Convert.ToString(value, CultureInfo.InvariantCulture)}",
        bool or char or Guid or TimeSpan or DateOnly or TimeOnly or Version or Uri or StringBuilder or Type => value.ToString(),
        IPAddress or EndPoint => value.ToString(),
        JsonNode json => json.ToJsonString(),
        JsonElement or Regex => value.ToString(),
        Encoding encoding => encoding.WebName,
        CultureInfo culture => culture.Name,
        TimeZoneInfo zone => zone.Id,
        IFormattable number when IsFrameworks(value.GetType()) => number.ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };

    internal static bool IsCollection(object value) => value is not string && (value is ICollection
        || (value is IEnumerable && Implements(value, typeof(ICollection<>), typeof(IReadOnlyCollection<>))));

    internal static bool IsSet(object value) => Implements(value, typeof(ISet<>), typeof(IReadOnlySet<>));

    internal static string? ComparerOf(object collection)
    {
        object? comparer = IsFrameworks(collection.GetType()) ? collection.GetType().GetProperty("Comparer")?.GetValue(collection) : null;
        return comparer switch
        {
            null => null,
            StringComparer text => text.Equals(StringComparer.OrdinalIgnoreCase) ? nameof(StringComparer.OrdinalIgnoreCase)
                : text.Equals(StringComparer.Ordinal) ? "the default" : comparer.GetType().Name,
            _ when IsFrameworks(comparer.GetType()) => "the default",
            _ => comparer.GetType().Name,
        };
    }

    /// <summary>Whether the application has said that the member is not to be carried.</summary>
    internal static bool IsIgnored(FieldInfo field)
    {
        MemberInfo member = field.DeclaringType!.GetProperty(NameOf(field), BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.DeclaredOnly) is { } property && field.Name != property.Name ? property : field;
#pragma warning disable SYSLIB0050 // the attribute outlives the formatters that it was made for
        return field.IsNotSerialized || member.GetCustomAttributesData().Any(a =>
            a.AttributeType.Name is "JsonIgnoreAttribute" or "IgnoreMemberAttribute" or "IgnoreDataMemberAttribute");
#pragma warning restore SYSLIB0050
    }

    /// <summary>As it stands in the source: of a property or a constructor's parameter, where the compiler has made the field.</summary>
    internal static string NameOf(FieldInfo field) =>
        field.Name.StartsWith('<') && field.Name.IndexOf('>', StringComparison.Ordinal) is int end and > 1 ? field.Name[1..end] : field.Name;

    private static bool IsFrameworks(Type type) =>
        type.Assembly.GetName().Name is string name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "System" or "mscorlib" or "netstandard"
            || name.StartsWith("Microsoft.", StringComparison.Ordinal));

    private static bool Implements(object value, params Type[] definitions) =>
        value.GetType().GetInterfaces().Any(i => i.IsGenericType && definitions.Contains(i.GetGenericTypeDefinition()));
}
