using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Takes what no caller can see out of a documentation file: the compiler writes the comments of internal and private members too.
/// What it cannot identify stays.
/// </summary>
public class TrimDocumentation : Task
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Required]
    public string Assembly { get; set; }

    [Required]
    public string Documentation { get; set; }

    /// <summary>The assemblies that it was compiled against.</summary>
    [Required]
    public ITaskItem[] References { get; set; }

    public override bool Execute()
    {
        Dictionary<string, string> references = References.GroupBy(r => Path.GetFileNameWithoutExtension(r.ItemSpec)).ToDictionary(g => g.Key, g => g.First().ItemSpec);
        // From bytes: a file that is mapped must not be overwritten, and this process may live on.
        ResolveEventHandler resolve = (_, e) =>
            references.TryGetValue(new AssemblyName(e.Name).Name, out string path) ? System.Reflection.Assembly.Load(File.ReadAllBytes(path)) : null;
        AppDomain.CurrentDomain.AssemblyResolve += resolve;
        try
        {
            Type[] types = System.Reflection.Assembly.Load(File.ReadAllBytes(Assembly)).GetTypes();
            HashSet<string> hiddenTypes = new HashSet<string>(types.Where(t => !IsVisible(t)).Select(NameOf));
            HashSet<string> hiddenMembers = new HashSet<string>(types.SelectMany(t => t.GetMembers(All)).Where(m => !(m is Type) && !IsVisible(m)).Select(IdOf));
            XDocument document = XDocument.Load(Documentation, LoadOptions.PreserveWhitespace);
            foreach (XElement member in document.Descendants("member").ToList())
                if (IsHidden((string)member.Attribute("name"), hiddenTypes, hiddenMembers))
                    Remove(member);
            document.Save(Documentation, SaveOptions.DisableFormatting);
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyResolve -= resolve;
        }

        return true;
    }

    private static void Remove(XElement member)
    {
        if (member.PreviousNode is XText indentation)
            indentation.Remove();
        member.Remove();
    }

    private static bool IsHidden(string id, HashSet<string> types, HashSet<string> members)
    {
        string name = id.Substring(2).Split('(')[0];
        string declaring = name.Contains('.') ? name.Substring(0, name.LastIndexOf('.')) : "";
        return id.StartsWith("T:", StringComparison.Ordinal) ? types.Contains(name) : types.Contains(declaring) || members.Contains(id);
    }

    private static bool IsVisible(Type type) =>
        type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType));

    private static bool IsVisible(MemberInfo member)
    {
        switch (member)
        {
            case FieldInfo field: return field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;
            case MethodBase method: return method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;
            case PropertyInfo property: return property.GetAccessors(true).Any(IsVisible);
            case EventInfo happening: return IsVisible(happening.GetAddMethod(true));
            default: return true;
        }
    }

    private static string IdOf(MemberInfo member)
    {
        char kind = member is FieldInfo ? 'F' : member is PropertyInfo ? 'P' : member is EventInfo ? 'E' : 'M';
        MethodBase method = member as MethodBase;
        ParameterInfo[] parameters = method != null ? method.GetParameters() : (member as PropertyInfo)?.GetIndexParameters() ?? new ParameterInfo[0];
        string arity = method != null && method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "";
        string list = parameters.Length == 0 ? "" : "(" + string.Join(",", parameters.Select(p => NameOf(p.ParameterType))) + ")";
        string returned = member is MethodInfo conversion && (member.Name == "op_Implicit" || member.Name == "op_Explicit") ? "~" + NameOf(conversion.ReturnType) : "";
        return kind + ":" + NameOf(member.DeclaringType) + "." + member.Name.Replace('.', '#').Replace('<', '{').Replace('>', '}') + arity + list + returned;
    }

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
            return NameOf(type.GetElementType()) + "@";
        if (type.IsPointer)
            return NameOf(type.GetElementType()) + "*";
        if (type.IsArray)
            return NameOf(type.GetElementType()) + (type.GetArrayRank() == 1 ? "[]" : "[" + string.Join(",", Enumerable.Repeat("0:", type.GetArrayRank())) + "]");
        if (type.IsGenericParameter)
            return (type.DeclaringMethod != null ? "``" : "`") + type.GenericParameterPosition;
        if (!type.IsConstructedGenericType)
            return (type.FullName ?? type.Name).Replace('+', '.');
        string definition = type.GetGenericTypeDefinition().FullName.Replace('+', '.');
        return definition.Split('`')[0] + "{" + string.Join(",", type.GetGenericArguments().Select(NameOf)) + "}";
    }
}
