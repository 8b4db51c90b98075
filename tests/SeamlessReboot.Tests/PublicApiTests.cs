using System.Reflection;
using System.Text;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests;

/// <summary>The public surface is what others build on: it changes on purpose or not at all.</summary>
internal sealed class PublicApiTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly NullabilityInfoContext _nullability = new();

    [Test]
    public void The_public_surface_is_the_approved_one()
    {
        string file = Path.Combine(Repository.Root, "tests", "SeamlessReboot.Tests", "PublicApi.approved.txt");
        string actual = Describe();
        if (Environment.GetEnvironmentVariable("APPROVE_PUBLIC_API") == "1")
            File.WriteAllText(file, actual);
        Assert.That(actual, Is.EqualTo(File.Exists(file) ? File.ReadAllText(file) : ""),
            "The public surface has changed. If that is meant: run APPROVE_PUBLIC_API=1 dotnet test tests/SeamlessReboot.Tests --filter PublicApiTests, "
            + "look at the change of PublicApi.approved.txt with git diff, commit it, and add a line to CHANGELOG.md.");
    }

    private static string Describe()
    {
        StringBuilder text = new();
        foreach (Type type in typeof(Rebooter).Assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.AppendLine(Head(type));
            IEnumerable<string> members = type.IsEnum
                ? Enum.GetNames(type).Select(n => $"{n} = {(int)Enum.Parse(type, n)}")
                : type.GetMembers(Declared).Select(Member).OfType<string>().Order(StringComparer.Ordinal);
            foreach (string member in members)
                text.Append("    ").AppendLine(member);
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        string kind = type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct"
            : type.IsAbstract && type.IsSealed ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        IEnumerable<string> bases = type.GetInterfaces().Where(i => i.IsPublic && type.BaseType?.GetInterfaces().Contains(i) != true).Select(i => Name(i, null)).Order(StringComparer.Ordinal);
        if (type.BaseType is Type parent && parent != typeof(object) && !type.IsEnum)
            bases = bases.Prepend(Name(parent, null));
        return $"{kind} {Name(type, null)}" + (type.IsEnum || !bases.Any() ? "" : " : " + string.Join(", ", bases));
    }

    private static string? Member(MemberInfo member) => member switch
    {
        ConstructorInfo c when IsVisible(c) => $"{Modifiers(c)}{Parameters(c)}",
        MethodInfo { IsSpecialName: false } m when IsVisible(m) =>
            $"{Modifiers(m)}{m.Name}{(m.IsGenericMethod ? $"<{string.Join(", ", m.GetGenericArguments().Select(a => a.Name))}>" : "")}{Parameters(m)} : {Name(m.ReturnType, _nullability.Create(m.ReturnParameter))}",
        PropertyInfo p when p.GetAccessors(true).FirstOrDefault(IsVisible) is MethodInfo accessor =>
            $"{Modifiers(accessor)}{(p.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute)) ? "required " : "")}{p.Name} {{{Accessors(p)} }} : {Name(p.PropertyType, _nullability.Create(p))}",
        EventInfo e when IsVisible(e.AddMethod!) => $"event {e.Name} : {Name(e.EventHandlerType!, null)}",
        FieldInfo { IsPublic: true } f => $"field {f.Name} : {Name(f.FieldType, null)}",
        _ => null,
    };

    private static string Accessors(PropertyInfo property)
    {
        StringBuilder text = new();
        if (property.GetMethod is MethodInfo get && IsVisible(get))
            text.Append(" get;");
        if (property.SetMethod is MethodInfo set && IsVisible(set))
            text.Append(set.IsFamily ? " protected" : "").Append(set.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? " init;" : " set;");
        return text.ToString();
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Modifiers(MethodBase method) =>
        (method.IsPublic ? "" : "protected ") + (method.IsStatic ? "static " : "") + (method is not MethodInfo m || method.DeclaringType!.IsInterface ? ""
            : m.IsAbstract ? "abstract " : m.GetBaseDefinition() != m ? "override " : m is { IsVirtual: true, IsFinal: false } ? "virtual " : "")
        + (method is ConstructorInfo ? "new" : "");

    private static string Parameters(MethodBase method) => "(" + string.Join(", ", method.GetParameters().Select(p =>
        $"{(p.IsOut ? "out " : "")}{Name(p.ParameterType, _nullability.Create(p))} {p.Name}{(p.HasDefaultValue ? " = " + (p.DefaultValue ?? "default") : "")}")) + ")";

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (Nullable.GetUnderlyingType(type) is Type value)
            return Name(value, null) + "?";
        if (type.IsByRef)
            return Name(type.GetElementType()!, null);
        string question = nullability is { ReadState: NullabilityState.Nullable } && !type.IsValueType && !type.IsGenericParameter ? "?" : "";
        if (type.IsArray)
            return Name(type.GetElementType()!, nullability?.ElementType) + "[]" + question;
        if (!type.IsGenericType)
            return type.Name + question;
        Type[] arguments = type.GetGenericArguments();
        return type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]
            + $"<{string.Join(", ", arguments.Select((a, i) => Name(a, nullability?.GenericTypeArguments.ElementAtOrDefault(i))))}>" + question;
    }
}
