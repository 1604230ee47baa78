/// Disks, for servers of all versions.
/**

Code that is generic over this trait cannot change the settings of a single call. Pass it a client with these settings: `client.prepare(CallOptions::new().server("…"))`.*/
pub trait Disks: ::core::marker::Send + ::core::marker::Sync {
    /// With an argument that matters, and one that does not.
    fn create(
        &self,
        ctxt: &Context,
        copies: u32,
        hint: Option<&str>,
    ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send;
    /// With an argument that was two before.
    fn reshape(
        &self,
        ctxt: &Context,
        spec: &Spec,
    ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send;
    /// With an argument that went, and one that may be absent.
    fn update(
        &self,
        ctxt: &Context,
        bus: Option<&str>,
        owner: MaybeAbsent<Option<String>>,
    ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send;
    /// Renamed, with an argument whose unit has changed.
    fn resize(
        &self,
        ctxt: &Context,
        size: u32,
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
    /// With defaults that are borrowed.
    fn label(
        &self,
        ctxt: &Context,
        tags: &[String],
        label: &str,
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
    /// In both ways, and for as long as it is told.
    fn check(
        &self,
        ctxt: &Context,
        host: Option<&str>,
        within: Option<u32>,
    ) -> impl ::core::future::Future<
        Output = Result<Option<String>>,
    > + ::core::marker::Send;
    /// Where it goes depends on the cap.
    fn scan(
        &self,
        ctxt: &Context,
        pool: Option<&str>,
    ) -> impl ::core::future::Future<Output = Result<String>> + ::core::marker::Send;
    /// Over two majors.
    fn forget(
        &self,
        ctxt: &Context,
        disk: u32,
        wait: bool,
    ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send;
}
///The client of [`Disks`]: calls and casts its methods. Cheap to clone.
///
///On the wire: topic `disks` · the transport's default exchange · no namespace · versions 1.0 to 2.5.
///
///A method returns a [`Call`](::rpc_runtime::client::Call) or a [`Cast`](::rpc_runtime::client::Cast), which does nothing yet: await it, or adjust it first, as in `client.create(…).server("…").await`.
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub struct DisksClient {
    rpc: ::rpc_runtime::__private::RpcClient,
}
///Serves an implementation of [`Disks`].
pub struct DisksEndpoint<S> {
    inner: ::rpc_runtime::__private::EndpointInner<S>,
}
const _: () = {
    use ::rpc_runtime::__private as __rpc;
    use __rpc::parameters::*;
    impl DisksClient {
        /// A client with the default settings.
        #[must_use]
        pub fn new(transport: &__rpc::Transport) -> Self {
            Self {
                rpc: __rpc::client(transport, &Self::INTERFACE),
            }
        }
        /// A builder for a client.
        pub fn builder(transport: &__rpc::Transport) -> __rpc::ClientBuilder<Self> {
            __rpc::builder(transport, &Self::INTERFACE)
        }
        /// The untyped client, for methods that the trait does not declare.
        pub fn rpc(&self) -> &__rpc::RpcClient {
            &self.rpc
        }
        /// A client with some of this client's settings overridden.
        #[must_use]
        pub fn prepare(&self, options: __rpc::CallOptions) -> Self {
            Self {
                rpc: self.rpc.prepare(options),
            }
        }
        /// Whether the version cap allows messages of this version.
        #[must_use]
        pub fn can_send_version(
            &self,
            version: impl __rpc::Into<__rpc::Version>,
        ) -> ::core::primitive::bool {
            self.rpc.can_send_version(version)
        }
    }
    /// Creates a client of the same servers with the same settings. The namespace, version, version cap
    /// and named times of another interface are not kept.
    #[automatically_derived]
    impl __rpc::From<__rpc::RpcClient> for DisksClient {
        fn from(rpc: __rpc::RpcClient) -> Self {
            Self {
                rpc: __rpc::of_interface(rpc, &Self::INTERFACE),
            }
        }
    }
    impl<S: Disks + 'static> DisksEndpoint<S> {
        /// An endpoint that serves `service`.
        pub fn new(service: S) -> Self {
            Self {
                inner: __rpc::EndpointInner::new(
                    service,
                    const { &DisksClient::INTERFACE },
                ),
            }
        }
        /// Sets the namespace, in place of the trait's. `None` serves requests without a namespace.
        #[must_use]
        pub fn namespace<'n>(
            self,
            namespace: impl __rpc::Into<__rpc::Option<&'n ::core::primitive::str>>,
        ) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.namespace(namespace)),
            }
        }
        /// Sets the implemented version, in place of the trait's highest.
        #[must_use]
        pub fn version(self, version: impl __rpc::Into<__rpc::Version>) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.version(version)),
            }
        }
        /// Serves requests in these namespaces, too. `None` serves requests without a namespace.
        #[must_use]
        pub fn legacy_namespaces<'n>(
            self,
            namespaces: impl __rpc::IntoIterator<
                Item = __rpc::Option<&'n ::core::primitive::str>,
            >,
        ) -> Self {
            Self {
                inner: self.inner.within(|scope| scope.legacy_namespaces(namespaces)),
            }
        }
    }
    #[automatically_derived]
    impl<S: Disks + 'static> __rpc::Endpoint for DisksEndpoint<S> {
        fn scope(&self) -> __rpc::Scope {
            self.inner.scope()
        }
        fn dispatch<'a>(
            &'a self,
            request: &'a __rpc::Invocation<'a>,
        ) -> __rpc::BoxFuture<'a, __rpc::Outcome> {
            self.inner.run(Self::__RPC_HANDLERS, request)
        }
    }
    #[automatically_derived]
    impl<S> ::core::fmt::Debug for DisksEndpoint<S> {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(&self.inner, f)
        }
    }
};
const _: () = {
    use ::rpc_runtime::__private as __rpc;
    impl DisksClient {
        const __rpc_create: __rpc::Method = __rpc::call("create", __rpc::v(2, 0, 0))
            .with_arguments(
                &[
                    __rpc::since(__rpc::v(2, 1, 0), "copies", "u32").with_default("3"),
                    __rpc::since(__rpc::v(2, 2, 0), "hint", "Option<&str>")
                        .with_below(__rpc::Below::Drop),
                ],
            )
            .with_returns("Result<Disk>")
            .with_later_versions(&[__rpc::v(2, 2, 0), __rpc::v(2, 1, 0)]);
        const __rpc_reshape: __rpc::Method = __rpc::call("reshape", __rpc::v(2, 0, 0))
            .with_arguments(
                &[
                    __rpc::since(__rpc::v(2, 3, 0), "spec", "&Spec")
                        .with_below(__rpc::Below::With(&["size", "kind"])),
                ],
            )
            .with_returns("Result<Disk>")
            .with_later_versions(&[__rpc::v(2, 3, 0)]);
        const __rpc_update: __rpc::Method = __rpc::call("update", __rpc::v(2, 0, 0))
            .with_arguments(
                &[
                    __rpc::arg("bus", "Option<&str>").with_until(__rpc::v(2, 2, 0)),
                    __rpc::arg("owner", "MaybeAbsent<Option<String>>")
                        .with_old_names(&[__rpc::before(__rpc::v(2, 4, 0), "user")]),
                ],
            )
            .with_returns("Result<Disk>")
            .with_later_versions(&[__rpc::v(2, 4, 0), __rpc::v(2, 2, 0)]);
        const __rpc_resize: __rpc::Method = __rpc::call("resize", __rpc::v(2, 1, 0))
            .with_arguments(
                &[
                    __rpc::since(__rpc::v(2, 2, 0), "size", "u32")
                        .with_below(__rpc::Below::With(&[])),
                ],
            )
            .with_returns("Result<()>")
            .with_later_versions(&[__rpc::v(2, 3, 0), __rpc::v(2, 2, 0)])
            .with_old_names(&[__rpc::before(__rpc::v(2, 3, 0), "grow")]);
        const __rpc_label: __rpc::Method = __rpc::call("label", __rpc::v(2, 0, 0))
            .with_arguments(
                &[
                    __rpc::since(__rpc::v(2, 4, 0), "tags", "&[String]")
                        .with_default("&[]"),
                    __rpc::since(__rpc::v(2, 4, 0), "label", "&str")
                        .with_default("Default::default()"),
                ],
            )
            .with_returns("Result<()>")
            .with_later_versions(&[__rpc::v(2, 4, 0)]);
        const __rpc_check: __rpc::Method = __rpc::call_or_cast(
                "check",
                __rpc::v(2, 0, 0),
            )
            .with_arguments(
                &[
                    __rpc::arg("host", "Option<&str>").with_role(__rpc::Role::Server),
                    __rpc::arg("within", "Option<u32>").with_role(__rpc::Role::Timeout),
                ],
            )
            .with_returns("Result<Option<String>>")
            .with_timeout(__rpc::Timing::Argument("within"))
            .with_monitor(__rpc::Timing::Named {
                name: "silence",
                default: __rpc::Duration::new(60, 0),
            });
        const __rpc_scan: __rpc::Method = __rpc::call("scan", __rpc::v(2, 0, 0))
            .with_arguments(
                &[__rpc::arg("pool", "Option<&str>").with_role(__rpc::Role::Route)],
            )
            .with_returns("Result<String>")
            .with_timeout(__rpc::Timing::Named {
                name: "long",
                default: __rpc::Duration::new(1800, 0),
            })
            .with_route("by_pool(pool)");
        const __rpc_forget: __rpc::Method = __rpc::cast("forget", __rpc::v(1, 0, 0))
            .with_arguments(
                &[
                    __rpc::arg("disk", "u32")
                        .with_old_names(&[__rpc::before(__rpc::v(2, 5, 0), "id")]),
                    __rpc::since(__rpc::v(1, 3, 0), "wait", "bool").with_default("true"),
                ],
            )
            .with_returns("Result<()>")
            .with_later_versions(&[__rpc::v(2, 5, 0), __rpc::v(1, 3, 0)]);
        const __RPC_METHODS: &'static [__rpc::Method] = &[
            Self::__rpc_create,
            Self::__rpc_reshape,
            Self::__rpc_update,
            Self::__rpc_resize,
            Self::__rpc_label,
            Self::__rpc_check,
            Self::__rpc_scan,
            Self::__rpc_forget,
        ];
        ///The description of [`Disks`].
        pub const INTERFACE: __rpc::Interface = __rpc::Interface::new(
                "Disks",
                __rpc::v(2, 0, 0),
                Self::__RPC_METHODS,
            )
            .with_topic("disks")
            .with_aliases(&[("ash", __rpc::v(2, 1, 0)), ("2024.2", __rpc::v(2, 4, 0))]);
        /// With an argument that matters, and one that does not.
        /// > Call `create` · since 2.0 · `copies` since 2.1, below: refused unless `3` · `hint` since 2.2, below: omitted
        pub fn create<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            copies: u32,
            hint: Option<&'rpc str>,
        ) -> __rpc::Call<'rpc, Result<Disk>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                let __default0: u32 = 3;
                __args.gated(0, &copies, |__value| __rpc::equals(__value, &__default0));
                __args.dropped(1, &hint).context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_create, __request)
        }
        /// With an argument that was two before.
        /// > Call `reshape` · since 2.0 · `spec` since 2.3, below: as `size`, `kind`
        pub fn reshape<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            spec: &'rpc Spec,
        ) -> __rpc::Call<'rpc, Result<Disk>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args
                    .replaced(
                        0,
                        ["size", "kind"],
                        spec,
                        |_| false,
                        |__value| size_and_kind(__value),
                    )
                    .context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_reshape, __request)
        }
        /// With an argument that went, and one that may be absent.
        /// > Call `update` · since 2.0 · `bus` until 2.2 · `owner` (`user` before 2.4)
        pub fn update<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            bus: Option<&'rpc str>,
            owner: MaybeAbsent<Option<String>>,
        ) -> __rpc::Call<'rpc, Result<Disk>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.dropped(0, &bus);
                if let __rpc::MaybeGiven::Given(__value) = owner {
                    __args.dropped(1, &__value);
                }
                __args.context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_update, __request)
        }
        /// Renamed, with an argument whose unit has changed.
        /// > Call `resize` · since 2.1 · `grow` before 2.3 · `size` since 2.2, below: the result of `Units::megabytes`
        pub fn resize<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            size: u32,
        ) -> __rpc::Call<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args
                    .replaced(
                        0,
                        [],
                        size,
                        |_| false,
                        |__value| Units::megabytes(__value),
                    )
                    .context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_resize, __request)
        }
        /// With defaults that are borrowed.
        /// > Call `label` · since 2.0 · `tags` since 2.4, below: refused unless `&[]` · `label` since 2.4, below: refused unless the default
        pub fn label<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            tags: &'rpc [String],
            label: &'rpc str,
        ) -> __rpc::Call<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                let __default0: &'_ [String] = &[];
                __args.gated(0, &tags, |__value| __rpc::equals(__value, &__default0));
                let __default1: &'_ str = __rpc::default::<&'_ str>();
                __args
                    .gated(1, &label, |__value| __rpc::equals(__value, &__default1))
                    .context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_label, __request)
        }
        /// In both ways, and for as long as it is told.
        /// > Call or cast `check` · since 2.0 · timeout of `within` seconds · monitor interval `silence` (60 s) · `host` names the server
        pub fn check<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            host: Option<&'rpc str>,
            within: Option<u32>,
        ) -> __rpc::CallOrCast<'rpc, Result<Option<String>>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.server(&host);
                __args.timeout(&within);
                __args.arg("within", &within).context(ctxt)
            };
            __rpc::CallOrCast::new(&self.rpc, &Self::__rpc_check, __request)
        }
        /// Where it goes depends on the cap.
        /// > Call `scan` · since 2.0 · timeout `long` (1800 s) · destination from `by_pool(pool)` · `pool` is not sent
        pub fn scan<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            pool: Option<&'rpc str>,
        ) -> __rpc::Call<'rpc, Result<String>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.route(by_pool(__args.cap(), pool)).context(ctxt)
            };
            __rpc::Call::new(&self.rpc, &Self::__rpc_scan, __request)
        }
        /// Over two majors.
        /// > Cast `forget` · since 1.0 · `disk` (`id` before 2.5) · `wait` since 1.3, below: refused unless `true`
        pub fn forget<'rpc>(
            &'rpc self,
            ctxt: &'rpc Context,
            disk: u32,
            wait: bool,
        ) -> __rpc::Cast<'rpc, Result<()>> {
            let __request = move |__args: &mut __rpc::Args<'_>| {
                __args.dropped(0, &disk);
                let __default1: bool = true;
                __args
                    .gated(1, &wait, |__value| __rpc::equals(__value, &__default1))
                    .context(ctxt)
            };
            __rpc::Cast::new(&self.rpc, &Self::__rpc_forget, __request)
        }
    }
    #[automatically_derived]
    impl Disks for DisksClient {
        fn create(
            &self,
            ctxt: &Context,
            copies: u32,
            hint: Option<&str>,
        ) -> __rpc::BoxFuture<'static, Result<Disk>> {
            __rpc::called(DisksClient::create(self, ctxt, copies, hint))
        }
        fn reshape(
            &self,
            ctxt: &Context,
            spec: &Spec,
        ) -> __rpc::BoxFuture<'static, Result<Disk>> {
            __rpc::called(DisksClient::reshape(self, ctxt, spec))
        }
        fn update(
            &self,
            ctxt: &Context,
            bus: Option<&str>,
            owner: MaybeAbsent<Option<String>>,
        ) -> __rpc::BoxFuture<'static, Result<Disk>> {
            __rpc::called(DisksClient::update(self, ctxt, bus, owner))
        }
        fn resize(
            &self,
            ctxt: &Context,
            size: u32,
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::called(DisksClient::resize(self, ctxt, size))
        }
        fn label(
            &self,
            ctxt: &Context,
            tags: &[String],
            label: &str,
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::called(DisksClient::label(self, ctxt, tags, label))
        }
        fn check(
            &self,
            ctxt: &Context,
            host: Option<&str>,
            within: Option<u32>,
        ) -> __rpc::BoxFuture<'static, Result<Option<String>>> {
            __rpc::called(DisksClient::check(self, ctxt, host, within))
        }
        fn scan(
            &self,
            ctxt: &Context,
            pool: Option<&str>,
        ) -> __rpc::BoxFuture<'static, Result<String>> {
            __rpc::called(DisksClient::scan(self, ctxt, pool))
        }
        fn forget(
            &self,
            ctxt: &Context,
            disk: u32,
            wait: bool,
        ) -> __rpc::BoxFuture<'static, Result<()>> {
            __rpc::sent(DisksClient::forget(self, ctxt, disk, wait))
        }
    }
    const _: () = {
        let _ = DisksEndpoint::<DisksClient>::__RPC_HANDLERS;
    };
    impl<S: Disks + 'static> DisksEndpoint<S> {
        fn __rpc_create(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __1]) = __call.read(["copies", "hint"])?;
            let __0 = __0.sent::<u32>()?;
            let __default0: u32 = 3;
            let __1 = __1.decode::<__rpc::Optional<__rpc::OwnedStr>>()?;
            let (__1,) = __call.keep((__1,));
            __call
                .answer(
                    <S as Disks>::create(
                        __call.to,
                        __ctxt,
                        __0.unwrap_or(__default0),
                        __1.as_deref(),
                    ),
                )
        }
        fn __rpc_reshape(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __old1, __old2]) = __call.read(["spec", "size", "kind"])?;
            let __0 = if __call.is_before(__rpc::v(2, 3, 0)) && !__0.is_sent() {
                let __made: Spec = spec(__old1.decode()?, __old2.decode()?);
                __made
            } else {
                __0.decode::<Spec>()?
            };
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Disks>::reshape(__call.to, __ctxt, __0))
        }
        fn __rpc_update(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __1, __old2]) = __call.read(["bus", "owner", "user"])?;
            let __0 = __0.decode::<__rpc::Optional<__rpc::OwnedStr>>()?;
            let __1 = __1.or(__old2)?.decode::<MaybeAbsent<Option<String>>>()?;
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Disks>::update(__call.to, __ctxt, __0.as_deref(), __1))
        }
        fn __rpc_resize(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0]) = __call.read(["size"])?;
            let __0 = if __call.is_before(__rpc::v(2, 2, 0)) {
                let __made: u32 = Units::gigabytes(__0.decode()?);
                __made
            } else {
                __0.decode::<u32>()?
            };
            __call.answer(<S as Disks>::resize(__call.to, __ctxt, __0))
        }
        fn __rpc_label(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __1]) = __call.read(["tags", "label"])?;
            let __0 = __0.sent::<__rpc::OwnedSlice<String>>()?;
            let __1 = __1.sent::<__rpc::OwnedStr>()?;
            let (__0, __1) = __call.keep((__0, __1));
            let __out = async move {
                let __default0: &'_ [String] = &[];
                let __default1: &'_ str = __rpc::default::<&'_ str>();
                <S as Disks>::label(
                        __call.to,
                        __ctxt,
                        __0.as_deref().unwrap_or(__default0),
                        __1.as_deref().unwrap_or(__default1),
                    )
                    .await
            };
            __call.answer(__out)
        }
        fn __rpc_check(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__1]) = __call.read(["within"])?;
            let __0 = __call.server_name::<__rpc::Optional<__rpc::OwnedStr>>();
            let __1 = __1.decode::<Option<u32>>()?;
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Disks>::check(__call.to, __ctxt, __0.as_deref(), __1))
        }
        fn __rpc_scan(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, []) = __call.read([])?;
            let __0 = __rpc::default::<__rpc::Optional<__rpc::OwnedStr>>();
            let (__0,) = __call.keep((__0,));
            __call.answer(<S as Disks>::scan(__call.to, __ctxt, __0.as_deref()))
        }
        fn __rpc_forget(__call: __rpc::Incoming<'_, S>) -> __rpc::Running<'_> {
            let (__ctxt, [__0, __old1, __1]) = __call.read(["disk", "id", "wait"])?;
            let __0 = __0.or(__old1)?.decode::<u32>()?;
            let __1 = __1.sent::<bool>()?;
            let __default1: bool = true;
            __call
                .answer(
                    <S as Disks>::forget(
                        __call.to,
                        __ctxt,
                        __0,
                        __1.unwrap_or(__default1),
                    ),
                )
        }
        const __RPC_HANDLERS: &'static [__rpc::Handler<S>] = &[
            Self::__rpc_create,
            Self::__rpc_reshape,
            Self::__rpc_update,
            Self::__rpc_resize,
            Self::__rpc_label,
            Self::__rpc_check,
            Self::__rpc_scan,
            Self::__rpc_forget,
        ];
    }
    const _: () = {
        trait __Explicit {}
        impl __Explicit
        for (
            Context,
            Result<Disk>,
            &'_ Spec,
            Result<()>,
            Result<Option<String>>,
            Result<String>,
        ) {}
    };
};
const _: () = {
    #[automatically_derived]
    impl<T: Disks> Disks for ::rpc_runtime::__private::Arc<T> {
        fn create(
            &self,
            __1: &Context,
            __2: u32,
            __3: Option<&str>,
        ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send {
            <T as Disks>::create(self, __1, __2, __3)
        }
        fn reshape(
            &self,
            __1: &Context,
            __2: &Spec,
        ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send {
            <T as Disks>::reshape(self, __1, __2)
        }
        fn update(
            &self,
            __1: &Context,
            __2: Option<&str>,
            __3: MaybeAbsent<Option<String>>,
        ) -> impl ::core::future::Future<Output = Result<Disk>> + ::core::marker::Send {
            <T as Disks>::update(self, __1, __2, __3)
        }
        fn resize(
            &self,
            __1: &Context,
            __2: u32,
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Disks>::resize(self, __1, __2)
        }
        fn label(
            &self,
            __1: &Context,
            __2: &[String],
            __3: &str,
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Disks>::label(self, __1, __2, __3)
        }
        fn check(
            &self,
            __1: &Context,
            __2: Option<&str>,
            __3: Option<u32>,
        ) -> impl ::core::future::Future<
            Output = Result<Option<String>>,
        > + ::core::marker::Send {
            <T as Disks>::check(self, __1, __2, __3)
        }
        fn scan(
            &self,
            __1: &Context,
            __2: Option<&str>,
        ) -> impl ::core::future::Future<
            Output = Result<String>,
        > + ::core::marker::Send {
            <T as Disks>::scan(self, __1, __2)
        }
        fn forget(
            &self,
            __1: &Context,
            __2: u32,
            __3: bool,
        ) -> impl ::core::future::Future<Output = Result<()>> + ::core::marker::Send {
            <T as Disks>::forget(self, __1, __2, __3)
        }
    }
};
