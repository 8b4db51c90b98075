using MessagePack;
using MessagePack.Formatters;

namespace SeamlessReboot;

/// <summary>Asks a resolver, which may be many in one, for the two kinds of type that only typeless formatters make concrete.</summary>
internal static class TypelessProbe
{
    private interface IAnything;

    internal static bool IsTypeless(IFormatterResolver resolver) =>
        resolver.GetFormatter<object>() is TypelessFormatter || resolver.GetFormatter<IAnything>() is ForceTypelessFormatter<IAnything>;
}
